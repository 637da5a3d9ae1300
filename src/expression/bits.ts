/** Bits of ints and longs. */
import { CommandError } from '../base/errors.ts'
import { int32Value, int64Value, nullValue } from '../bson/encode.ts'
import { BsonType, type Value, isNullish, toInt32, toInt64 } from '../bson/value.ts'
import type { ExpressionOperator } from './operator.ts'
import { variadic } from './operands.ts'

/** An int or long as a bigint. */
export const toBits = (value: Value): bigint =>
  value.type === BsonType.int32 ? BigInt(toInt32(value)) : toInt64(value)

/**
 * An operator that takes its operands together bit by bit, from `start` on: an int, or a long as soon as there is one.
 *
 * @throws CommandError TypeMismatch for what is neither.
 */
export function bitwise(
  name: string,
  start: number,
  ints: (a: number, b: number) => number,
  longs: (a: bigint, b: bigint) => bigint,
): ExpressionOperator {
  return variadic(name, values => {
    let int = start
    let long: bigint | undefined
    for (const value of values) {
      if (value === undefined || isNullish(value)) return nullValue
      if (value.type !== BsonType.int32 && value.type !== BsonType.int64) {
        throw new CommandError('TypeMismatch', `${name} only supports int and long operands.`)
      }
      if (long === undefined && value.type === BsonType.int32) int = ints(int, toInt32(value))
      else long = longs(long ?? BigInt(int), toBits(value))
    }
    return long === undefined ? int32Value(int) : int64Value(long)
  })
}
