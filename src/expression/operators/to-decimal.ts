/** $toDecimal: a decimal128 out of a number, its text, a bool or a date. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toDecimal', { type: BsonType.decimal128 })
