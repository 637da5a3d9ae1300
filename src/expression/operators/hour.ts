/** $hour: the hour of a date. */
import { hour } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$hour', hour)
