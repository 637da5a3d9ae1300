/** Dotted paths as `distinct` sees them: an array stands for its items, an array of documents for each of them. */
import { fieldName, findField, itemsOf } from './reader.ts'
import { BsonType, documentValue, type Value } from './value.ts'

/** The values at a path (`['a', 'b']` for `a.b`) of a document; an undefined among them says that it is missing somewhere. */
export function valuesAtPath(document: Uint8Array, path: readonly string[]): (Value | undefined)[] {
  return valuesAt(documentValue(document), path)
}

function valuesAt(value: Value, path: readonly string[]): (Value | undefined)[] {
  const [name, ...rest] = path
  if (name === undefined) return value.type === BsonType.array ? itemsOf(value) : [value]
  if (value.type === BsonType.document) {
    const field = findField(value.bytes, value.start, fieldName(name))
    return field === undefined ? [undefined] : valuesAt(field, rest)
  }
  if (value.type !== BsonType.array) return [undefined]
  const items = itemsOf(value)
  if (/^(0|[1-9]\d*)$/.test(name)) {
    const item = items[Number(name)]
    if (item !== undefined) return valuesAt(item, rest)
  }
  const found = items.filter(item => item.type === BsonType.document).flatMap(item => valuesAt(item, path))
  return found.length === 0 ? [undefined] : found
}
