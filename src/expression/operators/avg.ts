/** $avg: the average of the operands that are numbers, null when there are none. */
import { nullValue } from '../../bson/encode.ts'
import { accumulation, totalOf } from '../accumulations.ts'

export const operator = accumulation('$avg', values => totalOf(values).average() ?? nullValue)
