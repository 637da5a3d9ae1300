/** $isoDayOfWeek: the day of the week, 1 (Monday) to 7, of a date. */
import { isoDayOfWeek } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$isoDayOfWeek', isoDayOfWeek)
