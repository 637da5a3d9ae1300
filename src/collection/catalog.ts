/**
 * What exists: collections with their UUID, options and indexes.
 *
 *   space catalog   key  db | 00 | coll        value  BSON { uuid, id, options, indexes: [{ id, [building], spec }] }
 *
 * `id` is the four-byte prefix of the collection's record keys (and of an index's entries); ids are never used twice.
 *
 * A catalog entry is read from the same snapshot or write transaction as the documents it describes, so nobody ever works
 * with an outdated one. What is cached is only the decoding: same bytes, same CollectionInfo; and nothing need be read where the
 * reader's catalog is the one that the bytes were found in.
 */
import { must } from '../base/assert.ts'
import { catalogCacheCountMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { parseCollation, type Collation } from '../bson/collation.ts'
import { encodeDocument } from '../bson/encode.ts'
import { elementsOf, getField, itemsOf } from '../bson/reader.ts'
import { BsonType, documentBytes, isNumber, toBool, toInt32, toText, type Value } from '../bson/value.ts'
import { toExactInteger, toNearestDouble } from '../bson/number.ts'
import type { Variables } from '../expression/variables.ts'
import { compileMatch, type Match, type MatchOptions } from '../query/match.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Reader, WriteTransaction } from '../storage/engine.ts'
import type { Namespace } from './namespace.ts'
import { timeSeriesOf, type TimeSeries } from './time-series.ts'

export interface IndexInfo {
  readonly id: number
  readonly name: string
  /** `{ v, key, name, …options }` as listIndexes shows it. */
  readonly spec: Uint8Array
  /** Path and direction of each field, in order. */
  readonly fields: readonly (readonly [path: string, direction: 1 | -1])[]
  readonly unique: boolean
  /** On the way to being unique: refuses new equal keys, and keeps those that were there. */
  readonly preparesUnique: boolean
  /** How its texts compare; undefined for by their bytes. */
  readonly collation: Collation | undefined
  /** Of an _id index: values without text are unique without it, since records are keyed by them. */
  readonly hasTextAlone: boolean
  /** Whether its keys are stored: of a unique index or one that is to be, and of the _id index where records are not keyed by _id. */
  readonly hasEntries: boolean
  readonly sparse: boolean
  /** Documents that do not match are not in the index; undefined when all are. */
  readonly partialFilter: Match | undefined
  /** Still being filled: entries are kept up, but it is not shown, and an unfinished one is removed at the next start. */
  readonly building: boolean
}

/** The `id` of an _id index that has no entries. */
export const idIndexId = 0

export interface CollectionInfo {
  readonly namespace: Namespace
  /** 16 bytes; stays the same through a rename. */
  readonly uuid: Uint8Array
  readonly id: number
  /** The options of `create` as listCollections shows them; an empty document when none were given. */
  readonly options: Uint8Array
  /** The first is the _id index. It has no entries where records are keyed by all that it promises. */
  readonly indexes: readonly IndexInfo[]
  /** Undefined when it is not capped. */
  readonly capped: CappedLimits | undefined
  /** What commands and indexes have that name none of their own; undefined for none. */
  readonly collation: Collation | undefined
  /** The option changeStreamPreAndPostImages. Whether writes keep pre-images is for pre-images.ts to say. */
  readonly keepsImages: boolean
  /** Refuses a document that does not match; undefined when there is no validator. */
  readonly validator: Match | undefined
  /** `validationLevel: moderate` lets updates of documents that did not match before through. */
  readonly validatesModerately: boolean
  /** `validationAction: warn` logs what would be refused. */
  readonly warnsOnly: boolean
  /** Of a collection of buckets: what is inserted are measurements. Undefined for all others. */
  readonly timeSeries: TimeSeries | undefined
}

export interface CappedLimits {
  /** What the documents may weigh together. */
  readonly sizeBytes: number
  /** Infinity for no limit. */
  readonly countMax: number
}

interface Decoded {
  readonly bytes: Uint8Array
  readonly info: CollectionInfo
  /** Of the last reader in which it lay so; undefined when that had none. */
  catalogVersion: number | undefined
}

export class Catalog {
  /** Whether a collection may have a default collation; undefined until somebody has looked. */
  hasCollations: boolean | undefined
  readonly #variables: Variables
  /** By database and collection. */
  readonly #cache = new Map<string, Map<string, Decoded>>()
  #cachedCount = 0
  readonly #pace: Pace

  /** `variables` are those of validators, which spend pieces of `pace`. */
  constructor(variables: Variables, pace: Pace) {
    this.#variables = variables
    this.#pace = pace
  }

  /** The collection of that name in what `reader` sees; undefined when there is none. */
  find(reader: Reader, namespace: Namespace): MaybePromise<CollectionInfo | undefined> {
    const { catalogVersion } = reader
    const cached = this.#cache.get(namespace.db)?.get(namespace.coll)
    if (cached !== undefined && catalogVersion !== undefined && cached.catalogVersion === catalogVersion) {
      return cached.info
    }
    const found = reader.get('catalog', catalogKey(namespace))
    const decode = (bytes: Uint8Array | undefined) => bytes && this.#decode(namespace, bytes, catalogVersion)
    return found instanceof Promise ? found.then(decode) : decode(found)
  }

  #decode(namespace: Namespace, bytes: Uint8Array, catalogVersion: number | undefined): CollectionInfo {
    const { db, coll } = namespace
    const cached = this.#cache.get(db)?.get(coll)
    if (cached !== undefined && sameBytes(cached.bytes, bytes)) {
      cached.catalogVersion = catalogVersion ?? cached.catalogVersion
      return cached.info
    }
    const info = decodeInfo(namespace, bytes, { variables: this.#variables, pace: this.#pace })
    if (cached === undefined && ++this.#cachedCount > catalogCacheCountMax) {
      this.#cache.clear()
      this.#cachedCount = 1
    }
    const ofDatabase = this.#cache.get(db) ?? new Map<string, Decoded>()
    this.#cache.set(db, ofDatabase.set(coll, { bytes, info, catalogVersion }))
    return info
  }

  /** All collections of `db`, or of all databases, in the order of their names. */
  async list(reader: Reader, db?: string): Promise<CollectionInfo[]> {
    const found: CollectionInfo[] = []
    let from = db === undefined ? new Uint8Array(0) : Buffer.from(`${db}\0`)
    const to = db === undefined ? Uint8Array.of(0xff) : Buffer.from(`${db}\x01`)
    for (;;) {
      const entries = await reader.scan('catalog', { from, to }, { countMax: 1000, bytesMax: 1024 * 1024 })
      for (const { key, value } of entries) found.push(this.#decode(namespaceOf(key), value, undefined))
      const last = entries.at(-1)
      if (last === undefined) return found
      from = Buffer.concat([last.key, Uint8Array.of(0)])
    }
  }
}

export const catalogKey = ({ db, coll }: Namespace): Uint8Array => Buffer.from(`${db}\0${coll}`)

function namespaceOf(key: Uint8Array): Namespace {
  const zero = key.indexOf(0)
  const text = Buffer.from(key)
  return { db: text.toString('utf8', 0, zero), coll: text.toString('utf8', zero + 1) }
}

export function encodeInfo(info: Pick<CollectionInfo, 'uuid' | 'id' | 'options' | 'indexes'>): Uint8Array {
  return encodeDocument({
    uuid: Buffer.from(info.uuid).toString('hex'),
    id: info.id,
    options: info.options,
    indexes: info.indexes.map(({ id, spec, building }) => ({ id, building: building ? true : undefined, spec })),
  })
}

export function putInfo(
  transaction: WriteTransaction,
  namespace: Namespace,
  info: Parameters<typeof encodeInfo>[0],
): void {
  transaction.put('catalog', catalogKey(namespace), encodeInfo(info))
}

function decodeInfo(namespace: Namespace, bytes: Uint8Array, match: MatchOptions): CollectionInfo {
  const options = documentBytes(must(getField(bytes, 'options'), 'options of a catalog entry'))
  const capped = cappedLimitsOf(options)
  const collation = parseCollation(getField(options, 'collation'))
  const images = getField(options, 'changeStreamPreAndPostImages')
  const enabled = images && getField(documentBytes(images), 'enabled')
  return {
    namespace,
    uuid: Buffer.from(toText(must(getField(bytes, 'uuid'), 'uuid of a catalog entry')), 'hex'),
    id: toInt32(must(getField(bytes, 'id'), 'id of a catalog entry')),
    options,
    indexes: itemsOf(must(getField(bytes, 'indexes'), 'indexes of a catalog entry')).map((value, position) =>
      position === 0 ? decodeIdIndex(value, { isCapped: capped !== undefined, collation }) : decodeIndex(value),
    ),
    capped,
    collation,
    keepsImages: enabled !== undefined && toBool(enabled),
    validator: compileValidator(options, { ...match, collation }),
    validatesModerately: textOption(options, 'validationLevel') === 'moderate',
    timeSeries: timeSeriesOf(options),
    warnsOnly: textOption(options, 'validationAction') === 'warn',
  }
}

/** The limits of a capped collection, from its options; undefined when it is not capped. */
export function cappedLimitsOf(options: Uint8Array): CappedLimits | undefined {
  if (!flag(options, 'capped')) return undefined
  const countMax = numberOption(options, 'max') ?? 0
  return {
    sizeBytes: must(numberOption(options, 'size'), 'size of a capped collection'),
    countMax: countMax > 0 ? countMax : Infinity,
  }
}

function numberOption(document: Uint8Array, name: string): number | undefined {
  const value = getField(document, name)
  return isNumber(value) ? toNearestDouble(value) : undefined
}

function compileValidator(options: Uint8Array, match: MatchOptions): Match | undefined {
  const validator = getField(options, 'validator')
  if (validator === undefined || textOption(options, 'validationLevel') === 'off') return undefined
  return compileMatch(validator, match)
}

function textOption(document: Uint8Array, name: string): string | undefined {
  const value = getField(document, name)
  return value?.type === BsonType.string ? toText(value) : undefined
}

function decodeIndex(value: Value): IndexInfo {
  const entry = documentBytes(value)
  const building = getField(entry, 'building')
  return {
    ...describeIndex(documentBytes(must(getField(entry, 'spec'), 'spec of an index'))),
    id: toInt32(must(getField(entry, 'id'), 'id of an index')),
    building: building !== undefined && toBool(building),
  }
}

function decodeIdIndex(
  value: Value,
  { isCapped, collation }: { readonly isCapped: boolean; readonly collation: Collation | undefined },
): IndexInfo {
  const decoded = decodeIndex(value)
  // That of a clustered collection says that it is unique; that is no reason for entries.
  return { ...decoded, unique: false, hasEntries: decoded.id !== idIndexId, hasTextAlone: !isCapped, collation }
}

/** What an index specification says, in our terms. The specification was checked when it came in. */
export function describeIndex(spec: Uint8Array): Omit<IndexInfo, 'id' | 'building'> {
  const key = must(getField(spec, 'key'), 'key of an index')
  const partial = getField(spec, 'partialFilterExpression')
  const collation = parseCollation(getField(spec, 'collation'))
  return {
    name: toText(must(getField(spec, 'name'), 'name of an index')),
    spec,
    fields: elementsOf(key).map(([path, direction]) => [path, directionOf(direction)]),
    unique: flag(spec, 'unique'),
    preparesUnique: flag(spec, 'prepareUnique'),
    hasEntries: flag(spec, 'unique') || flag(spec, 'prepareUnique'),
    sparse: flag(spec, 'sparse'),
    partialFilter: partial === undefined ? undefined : compileMatch(partial, { collation }),
    collation,
    hasTextAlone: false,
  }
}

/** Anything that is not a negative number counts as ascending: `'hashed'`, `1.0`, `true`. */
function directionOf(value: Value): 1 | -1 {
  return isNumber(value) && (toExactInteger(value) ?? 1n) < 0n ? -1 : 1
}

function flag(document: Uint8Array, name: string): boolean {
  const value = getField(document, name)
  if (value === undefined) return false
  return value.type === BsonType.bool ? toBool(value) : isNumber(value) && toExactInteger(value) !== 0n
}
