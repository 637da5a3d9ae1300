/** $toDate: a date out of its milliseconds, its text, or what carries a time in itself. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toDate', { type: BsonType.date })
