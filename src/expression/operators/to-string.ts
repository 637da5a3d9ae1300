/** $toString: numbers, dates, ObjectIds, bools and binaries as text. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toString', { type: BsonType.string, format: 'auto' })
