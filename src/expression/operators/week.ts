/** $week: the week of the year, 0 to 53, beginning on Sundays, of a date. */
import { week } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$week', week)
