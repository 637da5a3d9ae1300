/** $dayOfWeek: the day of the week, 1 (Sunday) to 7, of a date. */
import { dayOfWeek } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$dayOfWeek', dayOfWeek)
