/** `{ path: { $mod: [divisor, remainder] } }`: a number that leaves the remainder; fractions are cut off everywhere. */
import { CommandError } from '../../base/errors.ts'
import { readInt32 } from '../../bson/bytes.ts'
import { itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { BsonType, Value, isArray, isNumber } from '../../bson/value.ts'
import { truncatedInteger } from '../integer.ts'
import type { FieldOperator, ValueTest } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$mod',
  of: 'field',
  compile(argument) {
    if (!isArray(argument)) throw malformed('needs to be an array')
    const [divisor, remainder, ...others] = itemsOf(argument)
    if (divisor === undefined) throw malformed('not enough elements')
    if (!isNumber(divisor)) throw malformed('divisor not a number')
    if (remainder === undefined) throw malformed('not enough elements')
    if (!isNumber(remainder)) throw malformed('remainder not a number')
    if (others.length > 0) throw malformed('too many elements')
    const by = requireWhole(divisor, 'divisor')
    if (by === 0n) throw new CommandError('BadValue', 'divisor cannot be 0')
    return { kind: 'value', arrays: 'items', test: compileRemainder(by, requireWhole(remainder, 'remainder')) }
  },
}

const malformed = (words: string) => new CommandError('BadValue', `malformed mod, ${words}`)

function requireWhole(value: Value, what: string): bigint {
  const integer = truncatedInteger(value)
  if (integer === undefined) {
    throw malformed(`${what} value is invalid :: caused by :: Unable to coerce ${show(value)} to integral type`)
  }
  return integer
}

function compileRemainder(divisor: bigint, remainder: bigint): ValueTest {
  const by = Number(divisor)
  const rest = Number(remainder)
  const isSmall = Number.isSafeInteger(by) && Number.isSafeInteger(rest)
  return (type, bytes, start, end) => {
    // A remainder of -0 equals 0.
    if (type === BsonType.int32 && isSmall) return readInt32(bytes, start) % by === rest
    const value = new Value(type, bytes, start, end)
    if (!isNumber(value)) return false
    const dividend = truncatedInteger(value)
    return dividend !== undefined && dividend % divisor === remainder
  }
}
