/** $pow: a number to the power of another; exact for ints and longs whose result fits into a long. */
import { CommandError } from '../../base/errors.ts'
import { doubleValue, int32Value, int64Value } from '../../bson/encode.ts'
import { toDecimal, toNearestDouble } from '../../bson/number.ts'
import { BsonType, type Value, isNumber, typeName } from '../../bson/value.ts'
import { toBits } from '../bits.ts'
import { decimalPow } from '../decimal-functions.ts'
import { decimalResult } from '../numbers.ts'
import { binaryOrNull } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = binaryOrNull('$pow', (base, exponent) => {
  if (!isNumber(base)) throw new CommandError('Location28762', `$pow's base must be numeric, not ${typeName(base)}`)
  if (!isNumber(exponent)) {
    throw new CommandError('Location28763', `$pow's exponent must be numeric, not ${typeName(exponent)}`)
  }
  if (!isTrue(base) && toNearestDouble(exponent) < 0) {
    throw new CommandError('Location28764', '$pow cannot take a base of 0 and a negative exponent')
  }
  if (base.type === BsonType.decimal128 || exponent.type === BsonType.decimal128) {
    return decimalResult(decimalPow(toDecimal(base), toDecimal(exponent)))
  }
  const whole = isInteger(base) && isInteger(exponent) ? integerPower(toBits(base), toBits(exponent)) : undefined
  if (whole === undefined) return doubleValue(toNearestDouble(base) ** toNearestDouble(exponent))
  const isLong = base.type === BsonType.int64 || exponent.type === BsonType.int64
  return !isLong && BigInt.asIntN(32, whole) === whole ? int32Value(Number(whole)) : int64Value(whole)
})

const isInteger = (value: Value): boolean => value.type === BsonType.int32 || value.type === BsonType.int64

/** The power as a long; undefined when it is none. */
function integerPower(base: bigint, exponent: bigint): bigint | undefined {
  if (base === 0n || base === 1n) return exponent === 0n ? 1n : base
  if (base === -1n) return (exponent & 1n) === 0n ? 1n : -1n
  if (exponent < 0n || exponent > 63n) return undefined
  const power = base ** exponent
  return BigInt.asIntN(64, power) === power ? power : undefined
}
