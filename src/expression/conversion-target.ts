/** The `to` of $convert: a type's name or number, or `{ type: …, subtype: … }`. */
import { CommandError } from '../base/errors.ts'
import { toExactInteger } from '../bson/number.ts'
import { getField } from '../bson/reader.ts'
import { BsonType, Value, documentBytes, isDocument, isNumber, isString, toText, typeName } from '../bson/value.ts'

export interface ConversionTarget {
  readonly type: number
  /** Of a binary; 0 for other types. */
  readonly subtype: number
}

const nothing = new Uint8Array(0)
const typesByName: ReadonlyMap<string, number> = new Map(
  Object.values(BsonType).map(type => [typeName(new Value(type, nothing, 0, 0)), type]),
)
const types: readonly number[] = Object.values(BsonType)

/** @throws CommandError FailedToParse or BadValue for what names no type. */
export function parseTarget(to: Value): ConversionTarget {
  if (!isDocument(to)) return { type: parseType(to), subtype: 0 }
  const bytes = documentBytes(to)
  const type = getField(bytes, 'type')
  const subtype = getField(bytes, 'subtype')
  if (type === undefined) throw new CommandError('FailedToParse', "Missing 'type' in the 'to' argument of $convert")
  return { type: parseType(type), subtype: subtype === undefined ? 0 : parseSubtype(subtype) }
}

function parseType(to: Value): number {
  if (isString(to)) {
    const type = typesByName.get(toText(to))
    if (type === undefined) throw new CommandError('BadValue', `Unknown type name: ${toText(to)}`)
    return type
  }
  if (!isNumber(to)) {
    throw new CommandError(
      'FailedToParse',
      `$convert's 'to' argument must be a string or number, but is ${typeName(to)}`,
    )
  }
  const code = toExactInteger(to)
  if (code === undefined) {
    throw new CommandError('FailedToParse', "In $convert, numeric 'to' argument is not an integer")
  }
  const type = Number(code === -1n ? BigInt(BsonType.minKey) : code)
  if (code === BigInt(BsonType.minKey) || !types.includes(type)) {
    throw new CommandError(
      'FailedToParse',
      `In $convert, numeric value for 'to' does not correspond to a BSON type: ${code}`,
    )
  }
  return type
}

function parseSubtype(subtype: Value): number {
  const code = Number(toExactInteger(subtype) ?? NaN)
  // Those that are defined, and the user's own.
  if (!(code >= 0 && code <= 9) && !(code >= 0x80 && code <= 0xff)) {
    throw new CommandError('FailedToParse', "In $convert, the 'subtype' of 'to' is not a subtype of binData")
  }
  return code
}
