/** Arithmetic on BSON numbers with the server's promotion of types: int32 → int64 → double, decimal128 over all. */
import { Bug } from '../base/assert.ts'
import type { Value } from './value.ts'

/** int + int is an int, or a long when it does not fit; long overflow becomes a double. `a` and `b` are numbers. */
export function addNumbers(_a: Value, _b: Value): Value {
  throw new Bug('not written yet')
}
export function subtractNumbers(_a: Value, _b: Value): Value {
  throw new Bug('not written yet')
}
export function multiplyNumbers(_a: Value, _b: Value): Value {
  throw new Bug('not written yet')
}
/** Two integers give a double; a decimal on either side gives a decimal. The caller has refused a zero `b`. */
export function divideNumbers(_a: Value, _b: Value): Value {
  throw new Bug('not written yet')
}
/** The remainder with the sign of `a`. */
export function moduloNumbers(_a: Value, _b: Value): Value {
  throw new Bug('not written yet')
}
/** The value as an integer if it is exactly one that fits into int64; undefined otherwise (NaN, 1.5, too large). */
export function toExactInteger(_value: Value): bigint | undefined {
  throw new Bug('not written yet')
}
/** The nearest double of any of the four number types, decimals included. */
export function toNearestDouble(_value: Value): number {
  throw new Bug('not written yet')
}
export const isNaNValue = (_value: Value): boolean => {
  throw new Bug('not written yet')
}
