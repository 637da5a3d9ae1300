/** $stdDevSamp: how far numbers are from their mean, when they are a sample of more; null of fewer than two. */
import { standardDeviation } from '../accumulations.ts'

export const operator = standardDeviation('$stdDevSamp', 1)
