/** $min: the smallest operand in the order of all values, null and missing not counted; null when there is nothing else. */
import { accumulation, extreme } from '../accumulations.ts'

export const operator = accumulation('$min', (values, { collation }) => extreme(values, 1, collation))
