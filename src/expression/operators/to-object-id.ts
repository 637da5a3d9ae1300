/** $toObjectId: an ObjectId out of its 24 hexadecimal digits. */
import { BsonType } from '../../bson/value.ts'
import { converter } from '../converter.ts'

export const operator = converter('$toObjectId', { type: BsonType.objectId })
