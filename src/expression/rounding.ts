/** Numbers without their fraction, or with a shorter one. */
import { CommandError } from '../base/errors.ts'
import { roundNumber, toExactInteger } from '../bson/number.ts'
import { decodeDecimal, decimalNaN, digitCount, digitsMax, powerOfTen, type Rounding } from '../bson/decimal.ts'
import { nullValue } from '../bson/encode.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value, isNullish } from '../bson/value.ts'
import { decimalResult, requireNumber } from './numbers.ts'
import type { ExpressionOperator } from './operator.ts'
import { unaryOrNull, variadic } from './operands.ts'

/** An operator that gives a whole number of its operand's type. A decimal that has no room for its last digit is NaN. */
export function wholeNumber(name: string, rounding: Rounding): ExpressionOperator {
  return unaryOrNull(name, value => {
    requireNumber(name, value)
    const rounded = roundNumber(value, 0, rounding)
    if (rounded.type !== BsonType.decimal128) return rounded
    const decimal = decodeDecimal(rounded)
    return decimal.kind === 'finite' && decimal.exponent > 0 ? decimalResult(decimalNaN) : rounded
  })
}

/** An operator of a number and the place to round it at, 0 when there is none. */
export function atPlace(name: string, rounding: Rounding): ExpressionOperator {
  return variadic(
    name,
    ([value, place]) => {
      if (value === undefined || isNullish(value)) return nullValue
      if (place !== undefined && isNullish(place)) return nullValue
      requireNumber(name, value, 'Location51081')
      return widened(roundNumber(value, placeOf(name, place), rounding))
    },
    { min: 1, max: 2 },
  )
}

function placeOf(name: string, place: Value | undefined): number {
  if (place === undefined) return 0
  const number = Number(toExactInteger(place) ?? NaN)
  if (Number.isNaN(number)) {
    throw new CommandError('Location51082', `precision argument to  ${name} must be a integral value`)
  }
  if (number < -20 || number > 100) {
    throw new CommandError(
      'Location51083',
      `cannot apply ${name} with precision value ${show(place)} value must be in [-20, 100]`,
    )
  }
  return number
}

/** A decimal that is larger than its digits reach has all 34 of them: 1E+34 is 1.000…E+34. Source: the server's answers. */
function widened(value: Value): Value {
  if (value.type !== BsonType.decimal128) return value
  const decimal = decodeDecimal(value)
  if (decimal.kind !== 'finite' || decimal.exponent <= 0 || decimal.coefficient === 0n) return value
  const lift = digitsMax - digitCount(decimal.coefficient)
  const coefficient = decimal.coefficient * powerOfTen(lift)
  return decimalResult({ ...decimal, coefficient, exponent: decimal.exponent - lift })
}
