/** $dayOfMonth: the day of the month, 1 to 31, of a date. */
import { dayOfMonth } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$dayOfMonth', dayOfMonth)
