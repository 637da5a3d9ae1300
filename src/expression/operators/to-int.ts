/** $toInt: an int out of a number without its fraction, its text or a bool. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toInt', { type: BsonType.int32 })
