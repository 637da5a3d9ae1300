/** $second: the second of a date. */
import { second } from '../calendar.ts'
import { datePart } from '../dates.ts'

export const operator = datePart('$second', second)
