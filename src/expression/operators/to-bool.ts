/** $toBool: whether a number is not zero; every other value is true. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toBool', { type: BsonType.bool })
