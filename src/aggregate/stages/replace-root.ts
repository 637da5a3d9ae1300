/** `{ $replaceRoot: { newRoot: expression } }` gives another document instead. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import { isDocument, typeName } from '../../bson/value.ts'
import { compileReplacement } from '../replacement.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$replaceRoot',
  inChangeStream: true,
  inUpdate: true,
  compile(spec, options) {
    if (!isDocument(spec)) {
      throw new CommandError(
        'Location40229',
        `expected an object as specification for $replaceRoot stage, got ${typeName(spec)}`,
      )
    }
    const fields = new Map(elementsOf(spec))
    for (const name of fields.keys()) {
      if (name === 'newRoot') continue
      throw new CommandError(
        'Location40230',
        `unrecognized option to $replaceRoot stage: ${name}, only valid option is 'newRoot'.`,
      )
    }
    const newRoot = fields.get('newRoot')
    if (newRoot === undefined) {
      throw new CommandError('Location40231', 'no newRoot specified for the $replaceRoot stage')
    }
    return compileReplacement("'newRoot' expression", newRoot, options)
  },
}
