/** `{ $project: { path: 1, other: expression } }` keeps or leaves out fields, and computes new ones. */
import { CommandError } from '../../base/errors.ts'
import { isEmpty } from '../../bson/reader.ts'
import { isDocument } from '../../bson/value.ts'
import { compileProject } from '../../query/project.ts'
import { each } from '../stage.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$project',
  inChangeStream: true,
  inUpdate: true,
  compile(spec, options) {
    if (!isDocument(spec)) throw new CommandError('Location15969', '$project specification must be an object')
    if (isEmpty(spec)) {
      throw new CommandError(
        'Location51272',
        'Invalid $project :: caused by :: projection specification must have at least one field',
      )
    }
    return each(compileProject(spec, { ...options, of: 'aggregate' }))
  },
}
