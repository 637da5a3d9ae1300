/**
 * The values of a document that an index holds: one row for each item where its fields go through an array, as MongoDB has them.
 *
 *   fields a.x, a.y, b     { a: [{ x: 1, y: 2 }, { x: 3 }], b: 5 }     rows  1 2 5
 *                                                                            3 – 5
 *
 * Source: MongoDB manual, "Multikey indexes"; src/mongo/db/index/btree_key_generator.cpp.
 */
import { CommandError } from '../base/errors.ts'
import { fieldName, findField, itemsOf } from '../bson/reader.ts'
import { BsonType, documentValue, type Value } from '../bson/value.ts'

/** How far one field was followed. */
interface Walk {
  readonly path: readonly string[]
  /** Undefined where nothing is. */
  readonly value: Value | undefined
  /** Parts of the path that are behind. */
  readonly at: number
  /** The value is an item that has a row of its own: if it is an array, that one is not opened. */
  readonly isItem: boolean
}

type Row = readonly (Value | undefined)[]

/** An empty array at the end of a path is indexed as undefined, which nothing else is. */
const emptyArrayValue: Value = { type: BsonType.undefined, bytes: new Uint8Array(0), start: 0, end: 0 }

/**
 * The rows, each with a value for every path; undefined for a missing one. At least one row.
 *
 * @throws CommandError CannotIndexParallelArrays when two paths lead to different arrays.
 */
export function indexRows(document: Uint8Array, paths: readonly (readonly string[])[]): Row[] {
  const value = documentValue(document)
  return rowsFrom(paths.map(path => ({ path, value, at: 0, isItem: false })))
}

function rowsFrom(begun: readonly Walk[]): Row[] {
  const walks = begun.map(goOn)
  const open = walks.filter(isOpenArray)
  const [first] = open
  if (first?.value === undefined) return [walks.map(endOf)]
  for (const other of open) requireSameArray(first, other)
  const items = itemsOf(first.value)
  const withItem = (item: Value | undefined): Walk[] =>
    walks.map(walk =>
      isOpenArray(walk) ? { ...walk, value: item ?? (isOver(walk) ? emptyArrayValue : undefined), isItem: true } : walk,
    )
  return items.length === 0 ? rowsFrom(withItem(undefined)) : items.flatMap(item => rowsFrom(withItem(item)))
}

/** Follows a path through documents and to numbered items, up to an array that has to be opened. */
function goOn(walk: Walk): Walk {
  let { value, at, isItem } = walk
  for (; at < walk.path.length && value !== undefined; at++) {
    const name = walk.path[at] as string
    if (value.type === BsonType.document) value = findField(value.bytes, value.start, fieldName(name))
    else if (value.type === BsonType.array && !isItem) {
      const item = /^(0|[1-9]\d*)$/.test(name) ? itemsOf(value)[Number(name)] : undefined
      if (item === undefined) break
      value = item
    } else break
    isItem = false
  }
  return { path: walk.path, value, at, isItem }
}

const isOver = ({ path, at }: Walk): boolean => at === path.length

const isOpenArray = ({ value, isItem }: Walk): boolean => value?.type === BsonType.array && !isItem

const endOf = (walk: Walk): Value | undefined => (isOver(walk) ? walk.value : undefined)

function requireSameArray(a: Walk, b: Walk): void {
  if (a.value?.bytes === b.value?.bytes && a.value?.start === b.value?.start) return
  const [shownB, shownA] = [b, a].map(({ path }) => path.join('.'))
  throw new CommandError('CannotIndexParallelArrays', `cannot index parallel arrays [${shownB}] [${shownA}]`)
}
