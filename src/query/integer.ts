/** Integers in the arguments of operators: each of the four number types will do, as long as it is whole. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { isNaNValue, roundNumber, toExactInteger, toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { type Value, isNumber } from '../bson/value.ts'

export interface IntegerRules {
  /** The field the number stands in, for the message. */
  readonly name: string
  readonly codeName?: CodeName
  /** What the message begins with. */
  readonly before?: string
  readonly min?: bigint
  readonly max?: bigint
}

/** `value` as an integer of 64 bits. @throws CommandError (FailedToParse unless told otherwise) when it is none. */
export function requireInteger(value: Value, rules: IntegerRules): bigint {
  const { name, codeName = 'FailedToParse', before = '', min, max } = rules
  const refuse = (words: string) => new CommandError(codeName, `${before}${words}: ${name}: ${show(value)}`)
  if (!isNumber(value)) throw refuse('Expected a number in')
  if (isNaNValue(value)) throw refuse('Expected an integer, but found NaN in')
  const integer = toExactInteger(value)
  if (integer === undefined) {
    const isLarge = Math.abs(toNearestDouble(value)) >= 2 ** 63
    throw refuse(isLarge ? 'Cannot represent as a 64-bit integer' : 'Expected an integer')
  }
  if (min === 0n && integer < 0n) throw refuse('Expected a non-negative number in')
  if ((min !== undefined && integer < min) || (max !== undefined && integer > max)) {
    throw refuse('Cannot represent as a 32-bit integer')
  }
  return integer
}

export const int32Min = -(2n ** 31n)
export const int32Max = 2n ** 31n - 1n

/** A number without its fraction, as an integer of 64 bits; undefined for NaN, the infinities and what does not fit. */
export function truncatedInteger(value: Value): bigint | undefined {
  return toExactInteger(value) ?? (isNaNValue(value) ? undefined : toExactInteger(roundNumber(value, 0, 'trunc')))
}

/** Refuses any argument but 1. */
export function requireOne(argument: Value, name: string): void {
  if (requireInteger(argument, { name }) === 1n) return
  throw new CommandError('FailedToParse', `${name} must be an integer value of 1`)
}
