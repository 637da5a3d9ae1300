/**
 * Field paths of expressions: `a.b.c`.
 *
 * A name that meets an array is looked up in each of its documents, and what is found there becomes an array; other items,
 * arrays included, give nothing. Positions are not names: `a.0` means the field "0".
 */
import { CommandError } from '../base/errors.ts'
import { arrayValue } from '../bson/encode.ts'
import { type FieldName, ElementReader, fieldName, findField } from '../bson/reader.ts'
import { BsonType, Value } from '../bson/value.ts'

export type Walk = (from: Value | undefined) => Value | undefined

/** What `path` (without a dollar) leads to. `from` need not be a document. @throws CommandError for a malformed path. */
export function compileFieldPath(path: string): Walk {
  const names = parseFieldPath(path).map(fieldName)
  const only = names.length === 1 ? names[0] : undefined
  if (only === undefined) return from => walk(from, names, 0)
  return from => (from?.type === BsonType.document ? findField(from.bytes, from.start, only) : walk(from, names, 0))
}

function walk(from: Value | undefined, names: readonly FieldName[], index: number): Value | undefined {
  let value = from
  for (let at = index; at < names.length; at++) {
    if (value?.type === BsonType.document) value = findField(value.bytes, value.start, names[at] as FieldName)
    else if (value?.type === BsonType.array) return walkItems(value, names, at)
    else return undefined
  }
  return value
}

function walkItems(array: Value, names: readonly FieldName[], index: number): Value {
  const found: Value[] = []
  const items = ElementReader.of(array)
  while (items.next()) {
    if (items.type !== BsonType.document) continue
    const value = walk(items.value, names, index)
    if (value !== undefined) found.push(value)
  }
  return arrayValue(found)
}

/** The names of a path. @throws CommandError for empty names and such as begin with a dollar. */
export function parseFieldPath(path: string): string[] {
  if (path.endsWith('.')) throw new CommandError('Location40353', "FieldPath must not end with a '.'.")
  const names = path.split('.')
  for (const name of names) requireFieldName(name)
  return names
}

/** Refuses what cannot be the name of one field in a path or a document that is an expression. */
export function requireFieldName(name: string): void {
  if (name === '') throw new CommandError('Location15998', 'FieldPath field names may not be empty strings.')
  if (name.startsWith('$')) {
    throw new CommandError(
      'Location16410',
      `FieldPath field names may not start with '$'. Consider using $getField or $setField. Found: ${name}`,
    )
  }
  if (name.includes('\0')) throw new CommandError('Location16411', 'FieldPath field names may not contain null bytes.')
}
