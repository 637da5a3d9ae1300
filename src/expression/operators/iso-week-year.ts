/** $isoWeekYear: the year that the ISO 8601 week of a date belongs to, a long. */
import { int64Value } from '../../bson/encode.ts'
import { isoWeekYear } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$isoWeekYear', isoWeekYear, year => int64Value(BigInt(year)))
