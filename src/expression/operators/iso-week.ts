/** $isoWeek: the ISO 8601 week, 1 to 53, of a date. */
import { isoWeek } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$isoWeek', isoWeek)
