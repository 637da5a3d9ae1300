/** $sqrt: the square root of a number that is not negative. */
import { CommandError } from '../../base/errors.ts'
import { decimalSqrt } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction(
  '$sqrt',
  x => Math.sqrt(requireNotNegative(x, x < 0)),
  x => decimalSqrt(requireNotNegative(x, x.negative && (x.kind === 'infinity' || x.coefficient !== 0n))),
)

function requireNotNegative<T>(x: T, negative: boolean): T {
  if (negative) throw new CommandError('Location28714', "$sqrt's argument must be greater than or equal to 0")
  return x
}
