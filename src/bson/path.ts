/** Dotted paths as indexes and `distinct` see them: an array stands for its items, an array of documents for each of them. */
import { fieldName, findField, itemsOf } from './reader.ts'
import { BsonType, documentValue, type Value } from './value.ts'

export interface PathValues {
  /** What lies at the path; an undefined among them says that it is missing somewhere. */
  readonly values: readonly (Value | undefined)[]
  /** Whether an array was opened on the way, or at the end. */
  readonly throughArray: boolean
  /** Whether that was an array without items at the end of the path. */
  readonly isEmptyArray: boolean
}

const missing: PathValues = { values: [undefined], throughArray: false, isEmptyArray: false }

/** The values at a path (`['a', 'b']` for `a.b`) of a document. */
export function valuesAtPath(document: Uint8Array, path: readonly string[]): PathValues {
  return valuesAt(documentValue(document), path)
}

function valuesAt(value: Value, path: readonly string[]): PathValues {
  const [name, ...rest] = path
  if (name === undefined) {
    if (value.type !== BsonType.array) return { ...missing, values: [value] }
    const items = itemsOf(value)
    return { values: items, throughArray: true, isEmptyArray: items.length === 0 }
  }
  if (value.type === BsonType.document) {
    const field = findField(value.bytes, value.start, fieldName(name))
    return field === undefined ? missing : valuesAt(field, rest)
  }
  if (value.type !== BsonType.array) return missing
  const items = itemsOf(value)
  if (/^(0|[1-9]\d*)$/.test(name)) {
    const item = items[Number(name)]
    if (item !== undefined) return valuesAt(item, rest)
  }
  const found = items.filter(item => item.type === BsonType.document).flatMap(item => valuesAt(item, path).values)
  return { values: found.length === 0 ? [undefined] : found, throughArray: true, isEmptyArray: false }
}
