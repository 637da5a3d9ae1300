/** Operators on one number, and numbers as counts and positions. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { decimalOfDouble } from '../bson/decimal-convert.ts'
import { type Decimal, compareDecimals, decodeDecimal, encodeDecimal } from '../bson/decimal.ts'
import { decimalValue, doubleValue, int32Value } from '../bson/encode.ts'
import { fitsInt32, isNaNValue, toExactInteger, toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value, isNumber, toInt32, toInt64, typeName } from '../bson/value.ts'
import type { ExpressionOperator } from './operator.ts'
import { unaryOrNull } from './operands.ts'

/** Refuses what is not a number. */
export function requireNumber(name: string, value: Value | undefined, code: CodeName = 'Location28765'): void {
  if (!isNumber(value)) throw new CommandError(code, `${name} only supports numeric types, not ${typeName(value)}`)
}

export const decimalResult = (decimal: Decimal): Value => decimalValue(encodeDecimal(decimal))

/** The value as a number that fits into an int32; undefined when it is none, or no number at all. */
export function toExactInt32(value: Value | undefined): number | undefined {
  if (value === undefined) return undefined
  if (value.type === BsonType.int32) return toInt32(value)
  const integer = toExactInteger(value)
  if (integer === undefined) return undefined
  const number = Number(integer)
  return fitsInt32(number) ? number : undefined
}

/** `result` of integers, as an int when it fits and all of them were ints: on the way to it there may have been longs. */
export function narrowed(result: Value, operands: readonly (Value | undefined)[]): Value {
  if (result.type !== BsonType.int64 || operands.some(operand => operand?.type !== BsonType.int32)) return result
  const long = toInt64(result)
  return BigInt.asIntN(32, long) === long ? int32Value(Number(long)) : result
}

/** The numbers that a function is defined for. */
export interface Domain {
  /** As the refusal says it: `[-1,1]`. */
  readonly words: string
  /** `order` tells where the number is as seen from an end: negative for below it, zero, positive. */
  has(order: (end: number) => number): boolean
}

export const finiteNumbers: Domain = {
  words: '(-inf,inf)',
  has: order => order(-Infinity) > 0 && order(Infinity) < 0,
}
export const unitInterval: Domain = { words: '[-1,1]', has: order => order(-1) >= 0 && order(1) <= 0 }
export const fromOne: Domain = { words: '[1,inf]', has: order => order(1) >= 0 }

/**
 * A function of one number: a double of an int, long or double, a decimal of a decimal; null of null. NaN is in every domain.
 *
 * @throws CommandError 28765 for what is no number, 50989 for what is not in the domain.
 */
export function numericFunction(
  name: string,
  double: (x: number) => number,
  decimal: (x: Decimal) => Decimal,
  domain?: Domain,
): ExpressionOperator {
  return unaryOrNull(name, value => {
    requireNumber(name, value)
    if (domain && !isNaNValue(value) && !domain.has(orderOf(value))) {
      throw new CommandError(
        'Location50989',
        `cannot apply ${name} to ${show(value)}, value must be in ${domain.words}`,
      )
    }
    return value.type === BsonType.decimal128
      ? decimalResult(decimal(decodeDecimal(value)))
      : doubleValue(double(toNearestDouble(value)))
  })
}

function orderOf(value: Value): (end: number) => number {
  if (value.type === BsonType.decimal128) {
    const x = decodeDecimal(value)
    return end => compareDecimals(x, decimalOfDouble(end))
  }
  const x = toNearestDouble(value)
  return end => (x < end ? -1 : x > end ? 1 : 0)
}
