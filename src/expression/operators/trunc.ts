/** $trunc: a number cut off at a place behind (or, negative, before) the point. */
import { atPlace } from '../rounding.ts'

export const operator = atPlace('$trunc', 'trunc')
