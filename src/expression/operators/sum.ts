/** $sum: the total of the operands that are numbers, 0 when there are none. */
import { accumulation, totalOf } from '../accumulations.ts'

export const operator = accumulation('$sum', values => totalOf(values).sum())
