/**
 * What the leading $match stages of a stream ask of an event for certain, so that an event finds the streams that may want it by
 * the values it has.
 *
 *   $match { operationType: 'insert', 'fullDocument.user': { $in: [7, 8] } }
 *
 *   operationTypes  insert
 *   condition       fullDocument.user  →  KeyString(7), KeyString(8)        of several the one that leaves the fewest
 *
 * It only prunes: the stages themselves decide. What cannot be said for certain is left out: null (which a missing field equals),
 * patterns, documents, arrays, everything under a collation, and values behind an array that lies on the path.
 *
 * Law: an event that the stages let through is found. (predicates.property.test.ts)
 */
import type { Collation } from '../bson/collation.ts'
import { encodeKeyString } from '../bson/key-string.ts'
import { ElementReader, elementsOf, fieldName, findField, itemsOf, type FieldName } from '../bson/reader.ts'
import { BsonType, Value, isArray, isDocument, isString, toText } from '../bson/value.ts'
import { parseStage } from '../aggregate/stage-names.ts'
import { isOperatorDocument } from '../query/constant.ts'

/** An event that passes has one of the values at the path, or an array that holds one of them. */
export interface Condition {
  /** Dotted. */
  readonly path: string
  /** The values, as `keyOf` gives them. */
  readonly keys: readonly string[]
}

export interface Conditions {
  /** Undefined for all. */
  readonly operationTypes: readonly string[] | undefined
  /** Undefined when nothing is asked for certain. */
  readonly condition: Condition | undefined
}

const unconditional: Conditions = { operationTypes: undefined, condition: undefined }

/** What the stages behind $changeStream ask, which were compiled already. */
export function conditionsOf(stages: readonly Value[], collation: Collation | undefined): Conditions {
  if (collation !== undefined) return unconditional
  let operationTypes: readonly string[] | undefined
  let condition: Condition | undefined
  for (const [path, values] of leadingEqualities(stages)) {
    if (path === 'operationType') {
      // A pattern or a symbol may stand for a text too.
      if (!values.every(isString)) continue
      if (operationTypes === undefined || values.length < operationTypes.length) operationTypes = values.map(toText)
      continue
    }
    const keys = values.flatMap(value => keyOf(value) ?? [])
    if (keys.length < values.length || !isPlainPath(path)) continue
    if (condition === undefined || isBetter({ path, keys }, condition)) condition = { path, keys: [...new Set(keys)] }
  }
  return { operationTypes, condition }
}

/** Values of a document tell streams apart better than the few names of collections. */
function isBetter(a: Condition, b: Condition): boolean {
  const isName = ({ path }: Condition) => path.startsWith('ns.')
  return isName(a) === isName(b) ? a.keys.length < b.keys.length : isName(b)
}

const isPlainPath = (path: string): boolean => path.split('.').every(name => name !== '')

function leadingEqualities(stages: readonly Value[]): [path: string, values: readonly Value[]][] {
  const specs = stages.map(parseStage)
  const end = specs.findIndex(({ name }) => name !== '$match')
  return specs.slice(0, end === -1 ? specs.length : end).flatMap(({ spec }) => equalitiesOf(spec))
}

/** Paths with the values of which a match must have one, from equality, $in and $and. */
function equalitiesOf(filter: Value): [path: string, values: readonly Value[]][] {
  return elementsOf(filter).flatMap(([name, value]) => {
    if (!name.startsWith('$')) return valuesOf(value).map((values): [string, readonly Value[]] => [name, values])
    return name === '$and' && isArray(value) ? itemsOf(value).filter(isDocument).flatMap(equalitiesOf) : []
  })
}

/** For each operator that says so, the values of which one must be there. */
function valuesOf(condition: Value): (readonly Value[])[] {
  if (!isOperatorDocument(condition)) return condition.type === BsonType.regex ? [] : [[condition]]
  return elementsOf(condition).flatMap(([name, argument]) => {
    if (name === '$eq') return [[argument]]
    return name === '$in' && isArray(argument) ? [itemsOf(argument)] : []
  })
}

/** Types whose values are equal exactly when their keys are. */
const keyTypes = new Set<number>([
  BsonType.int32,
  BsonType.int64,
  BsonType.double,
  BsonType.decimal128,
  BsonType.string,
  BsonType.symbol,
  BsonType.objectId,
  BsonType.bool,
  BsonType.date,
  BsonType.timestamp,
  BsonType.binary,
])

/** Longer values are not looked for: making their keys would cost more than asking the stages. */
const keyedBytesMax = 256

/** Equal for equal values, whatever their number types; undefined for a value that is not looked for. */
function keyOf(value: Value): string | undefined {
  if (!keyTypes.has(value.type) || value.end - value.start > keyedBytesMax) return undefined
  return Buffer.from(encodeKeyString([value]).bytes).toString('latin1')
}

/** Members by what they ask of an event. */
export class ConditionIndex<Member> {
  readonly #all = new Set<Member>()
  readonly #unconditional = new Set<Member>()
  readonly #byPath = new Map<string, PathIndex<Member>>()

  /** Every member. */
  get all(): ReadonlySet<Member> {
    return this.#all
  }

  /** Whether no member asks anything: all are found, whatever the event is. */
  get isUnconditional(): boolean {
    return this.#byPath.size === 0
  }

  add(member: Member, condition: Condition | undefined): void {
    this.#all.add(member)
    if (condition === undefined) this.#unconditional.add(member)
    else {
      const index = this.#byPath.get(condition.path) ?? new PathIndex(condition.path)
      this.#byPath.set(condition.path, index)
      index.add(member, condition)
    }
  }

  delete(member: Member, condition: Condition | undefined): void {
    this.#all.delete(member)
    this.#unconditional.delete(member)
    const index = condition && this.#byPath.get(condition.path)
    if (condition === undefined || index === undefined) return
    index.delete(member, condition)
    if (index.isEmpty) this.#byPath.delete(condition.path)
  }

  /** The members that may want the event, each once. */
  find(event: Uint8Array): Iterable<Member> {
    if (this.isUnconditional) return this.#all
    const found = new Set(this.#unconditional)
    for (const index of this.#byPath.values()) for (const member of index.find(event)) found.add(member)
    return found
  }
}

class PathIndex<Member> {
  readonly #names: readonly FieldName[]
  readonly #members = new Set<Member>()
  readonly #byKey = new Map<string, Set<Member>>()

  constructor(path: string) {
    this.#names = path.split('.').map(fieldName)
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  add(member: Member, { keys }: Condition): void {
    this.#members.add(member)
    for (const key of keys) {
      const members = this.#byKey.get(key)
      if (members === undefined) this.#byKey.set(key, new Set([member]))
      else members.add(member)
    }
  }

  delete(member: Member, { keys }: Condition): void {
    this.#members.delete(member)
    for (const key of keys) {
      const members = this.#byKey.get(key)
      if (members?.delete(member) === true && members.size === 0) this.#byKey.delete(key)
    }
  }

  *find(event: Uint8Array): Generator<Member> {
    const values = valuesAt(event, this.#names)
    if (values === 'unknown') return yield* this.#members
    for (const value of values) {
      const key = keyOf(value)
      const members = key === undefined ? undefined : this.#byKey.get(key)
      if (members !== undefined) yield* members
    }
  }
}

/** The value at a path, or the items of the array there; 'unknown' when an array lies on the way. */
function valuesAt(event: Uint8Array, names: readonly FieldName[]): readonly Value[] | 'unknown' {
  let value = new Value(BsonType.document, event, 0, event.length)
  for (const name of names) {
    if (value.type === BsonType.array) return 'unknown'
    const field = value.type === BsonType.document ? findField(value.bytes, value.start, name) : undefined
    if (field === undefined) return []
    value = field
  }
  if (value.type !== BsonType.array) return [value]
  const items: Value[] = []
  const reader = ElementReader.of(value)
  while (reader.next()) items.push(reader.value)
  return items
}
