/** What command entries (`op: 'c'`) do to the catalog. */
import { Bug, must } from '../base/assert.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf, firstElement, getField, itemsOf } from '../bson/reader.ts'
import { documentBytes, documentValue, isDocument, isString, toBool, toText, type Value } from '../bson/value.ts'
import { readUint32BE, uint32BE } from './big-endian.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { forgetCapped } from './capped.ts'
import {
  cappedLimitsOf,
  catalogKey,
  describeIndex,
  idIndexId,
  putInfo,
  type Catalog,
  type CollectionInfo,
  type IndexInfo,
} from './catalog.ts'
import { addHolder } from './index-entries.ts'
import { keptOptions } from './kept-options.ts'
import { indexEntriesOf, keyAfter, rangeOf } from './keys.ts'
import { parseNamespace, type Namespace } from './namespace.ts'

export async function applyCommand(transaction: WriteTransaction, catalog: Catalog, entry: OplogEntry): Promise<void> {
  const [name, target] = must(firstElement(documentValue(entry.o)), 'name of a command entry')
  const db = entry.ns.slice(0, entry.ns.indexOf('.'))
  const getCollection = async () => {
    const namespace = { db, coll: toText(target) }
    return must(await catalog.find(transaction, namespace), `collection ${db}.${namespace.coll} of a command entry`)
  }
  switch (name) {
    case 'create':
      return applyCreate(transaction, catalog, { db, coll: toText(target) }, entry)
    case 'drop':
      return applyDrop(transaction, await getCollection())
    case 'dropDatabase': // Its collections were dropped by entries of their own.
      return
    case 'renameCollection':
      return applyRename(transaction, catalog, parseNamespace(toText(target)), entry.o)
    case 'createIndexes':
      return applyCreateIndex(transaction, await getCollection(), specOf(entry.o))
    case 'commitIndexBuild':
      for (const spec of itemsOf(must(getField(entry.o, 'indexes'), 'indexes of a commitIndexBuild entry'))) {
        await applyCreateIndex(transaction, await getCollection(), documentBytes(spec))
      }
      return
    case 'dropIndexes':
      return applyDropIndex(transaction, await getCollection(), toText(must(getField(entry.o, 'index'), 'index')))
    case 'collMod':
      return applyModify(transaction, await getCollection(), entry.o)
    default:
      throw new Bug(`no such command entry: ${name}`)
  }
}

const nextIdKey = Buffer.from('next-id')

/** A number that no collection or index had before. */
export async function newId(transaction: WriteTransaction): Promise<number> {
  const bytes = await transaction.get('meta', nextIdKey)
  const id = bytes === undefined ? 1 : readUint32BE(bytes)
  transaction.put('meta', nextIdKey, uint32BE(id + 1))
  return id
}

/** Is there as soon as a collection with a default collation was created. */
export const anyCollationKey = Buffer.from('any-collation')

async function applyCreate(
  transaction: WriteTransaction,
  catalog: Catalog,
  namespace: Namespace,
  { o, ui }: OplogEntry,
): Promise<void> {
  const given = elementsOf(documentValue(o)).filter(([name]) => name !== 'create' && name !== 'idIndex')
  const options = encodeDocument(Object.fromEntries(given))
  const idIndex = getField(o, 'idIndex')
  const spec = idIndex === undefined ? clusteredSpecOf(o) : documentBytes(idIndex)
  const id = await newId(transaction)
  const hasCollation = getField(options, 'collation') !== undefined
  if (hasCollation) {
    transaction.put('meta', anyCollationKey, new Uint8Array(0))
    catalog.hasCollations = true
  }
  // Records of other collections are keyed by _id, which is all that their _id index promises.
  const hasEntries = hasCollation || cappedLimitsOf(options) !== undefined
  putInfo(transaction, namespace, {
    uuid: must(ui, 'ui of a create entry'),
    id,
    options,
    indexes: [{ ...describeIndex(spec), id: hasEntries ? await newId(transaction) : idIndexId, building: false }],
  })
}

/** What listIndexes shows of a clustered collection. Buckets only say that they are clustered. */
function clusteredSpecOf(o: Uint8Array): Uint8Array {
  const given = must(getField(o, 'clusteredIndex'), 'idIndex or clusteredIndex of a create entry')
  const fields = isDocument(given) ? Object.fromEntries(elementsOf(given)) : { v: 2, key: { _id: 1 }, name: '_id_' }
  return encodeDocument({ ...fields, clustered: true })
}

function applyDrop(transaction: WriteTransaction, info: CollectionInfo): void {
  transaction.delete('catalog', catalogKey(info.namespace))
  discard(transaction, 'records', info.id)
  for (const index of info.indexes) if (index.hasEntries) discard(transaction, 'index', index.id)
  if (info.capped !== undefined) forgetCapped(transaction, info.id)
}

/**
 * Leaves a note that everything under `id` is garbage; sweep.ts removes it in small transactions. Nobody can reach it any
 * more, so it is no part of the state.
 */
export function discard(transaction: WriteTransaction, space: 'records' | 'index', id: number): void {
  transaction.put('meta', garbageKey(space, id), new Uint8Array(0))
}

export const garbageKey = (space: 'records' | 'index', id: number): Uint8Array =>
  Buffer.concat([Buffer.from(`garbage-${space}-`), uint32BE(id)])

async function applyRename(
  transaction: WriteTransaction,
  catalog: Catalog,
  source: Namespace,
  o: Uint8Array,
): Promise<void> {
  const target = parseNamespace(toText(must(getField(o, 'to'), 'to of a rename entry')))
  const info = must(await catalog.find(transaction, source), 'source of a rename entry')
  const dropped = await catalog.find(transaction, target)
  if (dropped !== undefined) applyDrop(transaction, dropped)
  transaction.delete('catalog', catalogKey(source))
  // `stayTemp` is never set: what got the name that was meant for it is there to stay.
  putInfo(transaction, target, { ...info, options: withFields(info.options, [['temp', undefined]]) })
}

/** The specification of the index in a createIndexes entry: all behind the command's name. */
const specOf = (o: Uint8Array): Uint8Array => encodeDocument(Object.fromEntries(elementsOf(documentValue(o)).slice(1)))

async function applyCreateIndex(transaction: WriteTransaction, info: CollectionInfo, spec: Uint8Array): Promise<void> {
  const described = describeIndex(spec)
  const built = info.indexes.find(({ name, building }) => name === described.name && building)
  if (built !== undefined) {
    const indexes = info.indexes.map(index => (index === built ? { ...index, building: false } : index))
    return putInfo(transaction, info.namespace, { ...info, indexes })
  }
  const index: IndexInfo = { ...described, id: await newId(transaction), building: false }
  putInfo(transaction, info.namespace, { ...info, indexes: [...info.indexes, index] })
  if (index.hasEntries) await fillIndex(transaction, info, index)
}

/** Only a replay comes here with documents there already: a live build has filled the index before its entry. */
async function fillIndex(transaction: WriteTransaction, info: CollectionInfo, index: IndexInfo): Promise<void> {
  const { to, from } = rangeOf(info.id)
  for (let next = from; ;) {
    const records = await transaction.scan('records', { from: next, to }, { countMax: 1000, bytesMax: 1024 * 1024 })
    for (const { key, value } of records) {
      for (const entry of indexEntriesOf(index, value)) await addHolder(transaction, index, entry, key)
    }
    const last = records.at(-1)
    if (last === undefined) return
    next = keyAfter(last.key)
  }
}

function applyDropIndex(transaction: WriteTransaction, info: CollectionInfo, name: string): void {
  const dropped = must(
    info.indexes.find(index => index.name === name),
    `index ${name} of a dropIndexes entry`,
  )
  putInfo(transaction, info.namespace, { ...info, indexes: info.indexes.filter(index => index !== dropped) })
  if (dropped.hasEntries) discard(transaction, 'index', dropped.id)
}

/** Options of the collection are replaced by name; `index: { name, … }` changes options of that index. */
async function applyModify(transaction: WriteTransaction, info: CollectionInfo, o: Uint8Array): Promise<void> {
  const changes = elementsOf(documentValue(o)).slice(1)
  const optionChanges = changes
    .filter(([name]) => name !== 'index')
    .map(([name, value]) => [optionNames[name] ?? name, value] as const)
  const options = keptOptions(withValidation(withFields(info.options, optionChanges), optionChanges))
  const index = getField(o, 'index')
  if (!isDocument(index)) return putInfo(transaction, info.namespace, { ...info, options })
  const name = toText(must(getField(documentBytes(index), 'name'), 'name of a modified index'))
  const indexChanges = elementsOf(index).filter(([field]) => field !== 'name')
  const existing = must(
    info.indexes.find(index => index.name === name && !index.building),
    `index ${name} of a collMod entry`,
  )
  const built = info.indexes.find(index => index.name === name && index.building)
  const modified = await modifyIndex(transaction, info, { existing, built, changes: indexChanges })
  const indexes = info.indexes.filter(index => index !== built).map(index => (index === existing ? modified : index))
  putInfo(transaction, info.namespace, { ...info, options, indexes })
}

/** An index that gets entries takes over those of `built`, which a live build has filled; a replay fills its own. */
async function modifyIndex(
  transaction: WriteTransaction,
  info: CollectionInfo,
  { existing, built, changes }: { existing: IndexInfo; built: IndexInfo | undefined; changes: readonly Field[] },
): Promise<IndexInfo> {
  const spec = withoutIdleFlags(withFields(existing.spec, changes))
  const described = describeIndex(spec)
  // By the specification: the entries that an _id index may have are none of its options.
  const { hasEntries } = describeIndex(existing.spec)
  if (hasEntries && !described.hasEntries) discard(transaction, 'index', existing.id)
  if (hasEntries || !described.hasEntries) return { ...existing, ...described }
  const modified = { ...existing, ...described, id: built?.id ?? (await newId(transaction)) }
  if (built === undefined) await fillIndex(transaction, info, modified)
  return modified
}

/** `hidden` and `prepareUnique` are shown only while they are so, the latter not of an index that is unique. */
function withoutIdleFlags(spec: Uint8Array): Uint8Array {
  const { unique, preparesUnique } = describeIndex(spec)
  const isIdle = ([name, value]: readonly [name: string, value: Value]): boolean =>
    name === 'prepareUnique' ? !preparesUnique || unique : name === 'hidden' && !toBool(value)
  return encodeDocument(Object.fromEntries(elementsOf(documentValue(spec)).filter(field => !isIdle(field))))
}

/** Undefined takes the field away. */
type Field = readonly [name: string, value: Value | undefined]

const validationDefaults: Readonly<Record<string, Encodable>> = {
  validationLevel: 'strict',
  validationAction: 'error',
}

/** When collMod has changed anything about validation, all of it is spelled out. Source: MongoDB 8.0. */
function withValidation(options: Uint8Array, changes: readonly Field[]): Uint8Array {
  if (!changes.some(([name]) => name === 'validator' || name in validationDefaults)) return options
  return encodeDocument({ ...validationDefaults, ...Object.fromEntries(elementsOf(documentValue(options))) })
}

/** Options that collMod calls otherwise than `create` does. */
const optionNames: Readonly<Record<string, string>> = { cappedSize: 'size', cappedMax: 'max' }

/** `document` with these fields replaced where they stand, or added at the end. An expiry that is `off` is taken away. */
function withFields(document: Uint8Array, changes: readonly Field[]): Uint8Array {
  const fields: Record<string, Encodable> = Object.fromEntries(elementsOf(documentValue(document)))
  for (const [name, value] of changes) {
    fields[name] = name === 'expireAfterSeconds' && value !== undefined && isString(value) ? undefined : value
  }
  return encodeDocument(fields)
}
