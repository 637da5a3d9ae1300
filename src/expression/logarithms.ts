/** Logarithms of positive numbers. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { compareValues } from '../bson/compare.ts'
import { type Decimal, decodeDecimal } from '../bson/decimal.ts'
import { doubleValue, int32Value } from '../bson/encode.ts'
import { isNaNValue, toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value } from '../bson/value.ts'
import { decimalResult, requireNumber } from './numbers.ts'
import type { ExpressionOperator } from './operator.ts'
import { unaryOrNull } from './operands.ts'

const zero = int32Value(0)

/** Whether a number is greater than zero. */
export const isPositive = (value: Value): boolean => compareValues(value, zero) > 0

/** A logarithm of one base; `code` refuses what is not positive. NaN has the logarithm NaN. */
export function logarithm(
  name: string,
  code: CodeName,
  double: (x: number) => number,
  decimal: (x: Decimal) => Decimal,
): ExpressionOperator {
  return unaryOrNull(name, value => {
    requireNumber(name, value)
    if (!isNaNValue(value) && !isPositive(value)) {
      throw new CommandError(code, `${name}'s argument must be a positive number, but is ${show(value)}`)
    }
    return value.type === BsonType.decimal128
      ? decimalResult(decimal(decodeDecimal(value)))
      : doubleValue(double(toNearestDouble(value)))
  })
}
