/** $max: the greatest operand in the order of all values; null when all are null or missing. */
import { accumulation, extreme } from '../accumulations.ts'

export const operator = accumulation('$max', (values, { collation }) => extreme(values, -1, collation))
