/** `{ $count: field }` gives one document with how many there were; none when there were none. */
import { CommandError } from '../../base/errors.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { isString, toText } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { integerValue } from '../../expression/number-total.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$count',
  inChangeStream: false,
  inUpdate: false,
  compile(spec) {
    const field = parseField(spec)
    return {
      kind: 'all',
      async *run(documents, pace) {
        let count = 0
        for await (const _ of documents) {
          const turn = pace.step()
          if (turn !== undefined) await turn
          count++
        }
        if (count > 0) yield encodeDocument({ [field]: integerValue(BigInt(count)) })
      },
    }
  },
}

function parseField(spec: Value): string {
  if (!isString(spec)) throw new CommandError('Location40156', 'the count field must be a non-empty string')
  const field = toText(spec)
  if (field === '') throw new CommandError('Location40157', 'the count field must be a non-empty string')
  if (field.startsWith('$')) throw new CommandError('Location40158', 'the count field cannot be a $-prefixed path')
  if (field.includes('\0')) throw new CommandError('Location40159', 'the count field cannot contain a null byte')
  if (field.includes('.')) throw new CommandError('Location40160', "the count field cannot contain '.'")
  return field
}
