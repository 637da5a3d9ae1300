/** `{ $sortByCount: expression }` counts the documents of each value, the most frequent first. */
import { CommandError } from '../../base/errors.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { hasOperators } from '../../bson/reader.ts'
import { documentValue, isDocument, isString, toText } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$sortByCount',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, { compilePipeline }) {
    requireExpression(spec)
    const stages = [{ $group: { _id: spec, count: { $sum: 1 } } }, { $sort: { count: -1 } }]
    return { kind: 'all', run: compilePipeline(stages.map(fields => documentValue(encodeDocument(fields)))) }
  },
}

function requireExpression(spec: Value): void {
  if (isDocument(spec)) {
    if (hasOperators(spec)) return
    throw new CommandError(
      'Location40147',
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    )
  }
  if (!isString(spec)) {
    throw new CommandError('Location40149', 'the sortByCount field must be specified as a string or as an object')
  }
  if (!toText(spec).startsWith('$')) {
    throw new CommandError(
      'Location40148',
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    )
  }
}
