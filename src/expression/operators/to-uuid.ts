/** $toUUID: a UUID (a binary of subtype 4) out of its text. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toUUID', { type: BsonType.binary, subtype: 4, format: 'uuid' })
