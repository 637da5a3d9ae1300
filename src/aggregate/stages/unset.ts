/** `{ $unset: path }` or `{ $unset: [path, …] }` takes fields out of each document. */
import { CommandError } from '../../base/errors.ts'
import { documentOf, int32Value } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, isString, toText } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { compileProject } from '../../query/project.ts'
import { each } from '../stage.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$unset',
  inChangeStream: true,
  inUpdate: true,
  compile(spec, options) {
    const zero = int32Value(0)
    const exclusion = documentOf(parsePaths(spec).map(path => [path, zero] as const))
    return each(compileProject(exclusion, { ...options, of: 'aggregate' }))
  },
}

function parsePaths(spec: Value): string[] {
  if (isString(spec)) return [toText(spec)]
  if (!isArray(spec)) {
    throw new CommandError('Location31002', '$unset specification must be a string or an array')
  }
  const paths = itemsOf(spec)
  if (paths.length === 0) {
    throw new CommandError('Location31119', '$unset specification must be a string or an array with at least one field')
  }
  return paths.map(path => {
    if (isString(path)) return toText(path)
    throw new CommandError(
      'Location31120',
      '$unset specification must be a string or an array containing only string values',
    )
  })
}
