/** What a document must be like to be stored after an update. */
import { CommandError } from '../base/errors.ts'
import { documentBytesMax, documentDepthMax } from '../base/limits.ts'
import { ElementReader, getField } from '../bson/reader.ts'
import { BsonType, typeName } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'

// A document may be a DBRef, and then has these.
const dollarNames: ReadonlySet<string> = new Set(['$ref', '$id', '$db'])

/** @throws CommandError DollarPrefixedFieldName for a `name` that no field of the document itself may have. */
export function requireFieldName(name: string): void {
  if (!name.startsWith('$') || dollarNames.has(name)) return
  throw new CommandError(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's replacement ` +
      `document. Consider using an aggregation pipeline with $replaceWith.`,
  )
}

/** @throws CommandError Overflow when `value` is nested too deep for a place `level` levels below the document. */
export function requireDepth(level: number, value: Value): void {
  // Every level takes seven bytes at least, so that most values need no look inside.
  const depthMost = (value.end - value.start + 2) / 7
  if (level + depthMost <= documentDepthMax || !isDeeperThan(value, documentDepthMax - level)) return
  throw new CommandError('Overflow', `Document exceeds maximum nesting depth of ${documentDepthMax}`)
}

/** Whether more than `depthMax` documents and arrays stand in one another. It looks no deeper than that. */
function isDeeperThan(value: Value, depthMax: number): boolean {
  if (value.type !== BsonType.document && value.type !== BsonType.array) return false
  if (depthMax <= 0) return true
  const reader = ElementReader.of(value)
  while (reader.next()) {
    const mayHold = reader.type === BsonType.document || reader.type === BsonType.array
    if (mayHold && isDeeperThan(reader.value, depthMax - 1)) return true
  }
  return false
}

/** @throws CommandError BSONObjectTooLarge. */
export function requireSize(after: Uint8Array): void {
  if (after.length > documentBytesMax) throw tooLarge()
}

export const tooLarge = (): CommandError =>
  new CommandError('BSONObjectTooLarge', `Resulting document after update is larger than ${documentBytesMax}`)

const idTypesRefused: ReadonlySet<number> = new Set([BsonType.array, BsonType.regex, BsonType.undefined])

/** @throws CommandError InvalidIdField when there is an _id of a type that none may have. */
export function requireId(document: Uint8Array): void {
  const id = getField(document, '_id')
  if (id === undefined || !idTypesRefused.has(id.type)) return
  throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${typeName(id)}`)
}
