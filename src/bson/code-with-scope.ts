/**
 * The two parts of a codeWithScope, which only old clients send:
 *
 *   length int32 | code: length int32, text, 00 | scope: a document
 */
import { readInt32 } from './bytes.ts'
import { BsonType, Value } from './value.ts'

const scopeStart = (value: Value): number => value.start + 8 + readInt32(value.bytes, value.start + 4)

/** The code. */
export const codeOf = (value: Value): Value => new Value(BsonType.code, value.bytes, value.start + 4, scopeStart(value))

/** The scope, a document. */
export const scopeOf = (value: Value): Value => new Value(BsonType.document, value.bytes, scopeStart(value), value.end)
