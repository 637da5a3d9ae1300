/**
 * The keys that a document has in an index over several paths, for documents in which a path meets an array.
 *
 *   paths a, b.c   { a: 1, b: [{ c: 2 }, { c: 3 }] }   →   [1, 2], [1, 3]
 *
 * Several paths may go through one array, item by item together; not through two of them at once. A number in a path
 * is a position in an array, unless documents in the array have it as a name, which cannot be told apart and is
 * refused.
 * Source: MongoDB 8.0, src/mongo/db/index/btree_key_generator.cpp.
 */
import { CommandError } from '../base/errors.ts'
import { nullValue } from '../bson/encode.ts'
import { ElementReader, isEmpty, itemsOf } from '../bson/reader.ts'
import { BsonType, Value, isArray, isDocument } from '../bson/value.ts'
import { type NamePattern, valueUnder } from './element.ts'

export type Path = readonly NamePattern[]

/** Every key, each with one value for each path. Missing is null, an empty array undefined. */
export function sortKeys(document: Value, paths: readonly Path[]): Value[][] {
  const keys: Value[][] = []
  const parts = paths.map(names => ({ names, value: nullValue }))
  addKeys(keys, parts, document)
  return keys
}

const undefinedValue = new Value(BsonType.undefined, new Uint8Array(), 0, 0)

/** Whether a name may be a position in an array. */
export const isPosition = ({ word0 }: NamePattern): boolean => (word0 & 0xff) >= 0x30 && (word0 & 0xff) <= 0x39

/** Each value that one path without positions leads to, from the name at `at` on: as `sortKeys`, for paths alone. */
export function forEachValue(value: Value | undefined, path: Path, at: number, use: (value: Value) => void): void {
  if (isArray(value)) {
    const items = ElementReader.of(value)
    while (items.next()) {
      if (at === path.length) use(items.value)
      else forEachValue(isDocument(items.value) ? items.value : undefined, path, at, use)
    }
    if (isEmpty(value)) use(at === path.length ? undefinedValue : nullValue)
    return
  }
  const name = path[at]
  if (name === undefined) use(value ?? nullValue)
  else forEachValue(isDocument(value) ? valueUnder(value, name) : undefined, path, at + 1, use)
}

/** One path on its way through the document. */
interface Part {
  /** Still to be walked; when nothing is, `value` is what was found. */
  readonly names: Path
  readonly value: Value
  /** Where `names` lead when their first is a position in the array that is being gone through. */
  readonly positioned?: Reached
}

interface Reached {
  readonly value: Value | undefined
  /** What is left to walk behind `value`, an array then. */
  readonly names: Path
  /** Whether the item at the position is itself an array, which is then not gone through. */
  readonly isNested: boolean
}

const found = (value: Value): Part => ({ names: [], value })

function addKeys(keys: Value[][], parts: readonly Part[], object: Value | undefined): void {
  const reached = parts.map(part => (part.names.length === 0 ? undefined : reach(part, object)))
  const arrays = reached.flatMap(step => (isArray(step?.value) ? [step.value] : []))
  const [array] = arrays
  if (arrays.some(other => other.start !== array?.start)) {
    throw new CommandError('BadValue', 'cannot sort with keys that are parallel arrays')
  }
  const next = parts.map((part, index): Part => {
    const step = reached[index]
    if (step === undefined) return part
    return isArray(step.value) ? { names: step.names, value: step.value } : found(step.value ?? nullValue)
  })
  if (array === undefined) {
    keys.push(next.map(({ value }) => value))
    return
  }
  const goesThrough = !reached.some(step => step?.isNested)
  // Once for all items: a name that is no position is looked for in the whole array.
  const positions = next.map(({ names }, index) => (isArray(reached[index]?.value) ? positioned(names, array) : {}))
  for (const item of isEmpty(array) ? [undefined] : itemsOf(array)) {
    const forItem = next.map((part, index) => {
      if (!isArray(reached[index]?.value)) return part
      if (part.names.length === 0) return found(item === undefined ? undefinedValue : goesThrough ? item : array)
      return { ...part, ...positions[index] }
    })
    addKeys(keys, forItem, isDocument(item) ? item : undefined)
  }
}

function reach({ names, positioned: atPosition }: Part, object: Value | undefined): Reached {
  const [name] = names
  const hasField = name !== undefined && object !== undefined && valueUnder(object, name) !== undefined
  if (hasField && atPosition) {
    throw new CommandError(
      'Location16746',
      'Ambiguous field name found in array (do not use numeric field names in embedded elements in an array)',
    )
  }
  if (hasField) return { ...walk(object, names), isNested: false }
  return atPosition ?? { value: undefined, names: [], isNested: false }
}

function positioned(names: Path, array: Value): Pick<Part, 'positioned'> {
  const [name] = names
  const item = name && valueUnder(array, name)
  return item ? { positioned: { ...walk(array, names), isNested: isArray(item) } } : {}
}

/** As far as documents go: to the end of the path or an array. */
function walk(container: Value, names: Path): { value: Value | undefined; names: Path } {
  let value: Value | undefined = container
  for (const [index, name] of names.entries()) {
    if (index > 0 && isArray(value)) return { value, names: names.slice(index) }
    if (value === undefined || (index > 0 && !isDocument(value))) return { value: undefined, names: [] }
    value = valueUnder(value, name)
  }
  return { value, names: [] }
}
