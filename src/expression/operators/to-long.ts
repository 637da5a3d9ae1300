/** $toLong: a long out of a number without its fraction, its text, a bool or a date. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toLong', { type: BsonType.int64 })
