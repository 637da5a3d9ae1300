/** $dayOfYear: the day of the year, 1 to 366, of a date. */
import { dayOfYear } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$dayOfYear', dayOfYear)
