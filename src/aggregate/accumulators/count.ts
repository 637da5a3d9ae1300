/** `{ $count: {} }` is the number of documents. */
import { CommandError } from '../../base/errors.ts'
import { isEmpty } from '../../bson/reader.ts'
import { isDocument } from '../../bson/value.ts'
import type { Accumulator } from '../accumulator.ts'
import { integerValue } from '../../expression/number-total.ts'

export const accumulator: Accumulator = {
  name: '$count',
  compile(argument) {
    if (!isDocument(argument) || !isEmpty(argument)) {
      throw new CommandError('TypeMismatch', '$count takes no arguments, i.e. $count:{}')
    }
    return {
      inputOf: () => undefined,
      begin() {
        let count = 0
        return {
          add: () => void count++,
          result: () => integerValue(BigInt(count)),
        }
      },
    }
  },
}
