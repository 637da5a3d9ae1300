/** $minute: the minute of a date. */
import { minute } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$minute', minute)
