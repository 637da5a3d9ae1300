/** $year: the year of a date. */
import { year } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$year', year)
