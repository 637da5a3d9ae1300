/** $millisecond: the millisecond of a date. */
import { millisecond } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$millisecond', millisecond)
