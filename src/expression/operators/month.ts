/** $month: the month, 1 to 12, of a date. */
import { month } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$month', month)
