/** $log: the logarithm of a positive number to a base. */
import { CommandError } from '../../base/errors.ts'
import { divideDecimals } from '../../bson/decimal.ts'
import { doubleValue } from '../../bson/encode.ts'
import { isNaNValue, toDecimal, toNearestDouble } from '../../bson/number.ts'
import { show } from '../../bson/show.ts'
import { BsonType, type Value, isNumber, typeName } from '../../bson/value.ts'
import { decimalLn } from '../decimal-functions.ts'
import { isPositive } from '../logarithms.ts'
import { decimalResult } from '../numbers.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$log', (value, base) => {
  if (!isNumber(value))
    throw new CommandError('Location28756', `$log's argument must be numeric, not ${typeName(value)}`)
  if (!isNumber(base)) throw new CommandError('Location28757', `$log's base must be numeric, not ${typeName(base)}`)
  if (!isNaNValue(value) && !isPositive(value)) {
    throw new CommandError('Location28758', `$log's argument must be a positive number, but is ${show(value)}`)
  }
  if (!isNaNValue(base) && (!isPositive(base) || toNearestDouble(base) === 1)) {
    throw new CommandError(
      'Location28759',
      `$log's base must be a positive number not equal to 1, but is ${show(base)}`,
    )
  }
  const isDecimal = value.type === BsonType.decimal128 || base.type === BsonType.decimal128
  return isDecimal
    ? decimalLog(value, base)
    : doubleValue(Math.log(toNearestDouble(value)) / Math.log(toNearestDouble(base)))
})

const decimalLog = (value: Value, base: Value): Value =>
  decimalResult(divideDecimals(decimalLn(toDecimal(value)), decimalLn(toDecimal(base))))
