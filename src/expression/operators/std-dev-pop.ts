/** $stdDevPop: how far numbers are from their mean, when they are all there are; null of none. */
import { standardDeviation } from '../accumulations.ts'

export const operator = standardDeviation('$stdDevPop', 0)
