/** What command entries (`op: 'c'`) do to the catalog. */
import { Bug, must } from '../base/assert.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf, firstElement, getField, itemsOf } from '../bson/reader.ts'
import { documentBytes, documentValue, isDocument, isString, toText, type Value } from '../bson/value.ts'
import { readUint32BE, uint32BE } from './big-endian.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import {
  catalogKey,
  describeIndex,
  idIndexId,
  putInfo,
  type Catalog,
  type CollectionInfo,
  type IndexInfo,
} from './catalog.ts'
import { indexEntriesOf, keyAfter, rangeOf, recordKey } from './keys.ts'
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
      return applyCreate(transaction, { db, coll: toText(target) }, entry)
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

async function applyCreate(transaction: WriteTransaction, namespace: Namespace, { o, ui }: OplogEntry): Promise<void> {
  const options = elementsOf(documentValue(o)).filter(([name]) => name !== 'create' && name !== 'idIndex')
  const idIndex = getField(o, 'idIndex')
  const spec = idIndex === undefined ? clusteredSpecOf(o) : documentBytes(idIndex)
  putInfo(transaction, namespace, {
    uuid: must(ui, 'ui of a create entry'),
    id: await newId(transaction),
    options: encodeDocument(Object.fromEntries(options)),
    indexes: [{ ...describeIndex(spec), id: idIndexId, building: false }],
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
  for (const index of info.indexes) if (index.unique) discard(transaction, 'index', index.id)
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
  putInfo(transaction, target, info)
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
  if (index.unique) await fillIndex(transaction, info, index)
}

/** Only a replay comes here with documents there already: a live build has filled the index before its entry. */
async function fillIndex(transaction: WriteTransaction, info: CollectionInfo, index: IndexInfo): Promise<void> {
  const { to, from } = rangeOf(info.id)
  for (let next = from; ;) {
    const records = await transaction.scan('records', { from: next, to }, { countMax: 1000, bytesMax: 1024 * 1024 })
    for (const { value } of records) {
      const key = recordKey(info.id, must(getField(value, '_id'), '_id of a stored document'))
      for (const entry of indexEntriesOf(index, value)) transaction.put('index', entry.key, key)
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
  if (dropped.unique) discard(transaction, 'index', dropped.id)
}

/** Options of the collection are replaced by name; `index: { name, … }` changes options of that index. */
function applyModify(transaction: WriteTransaction, info: CollectionInfo, o: Uint8Array): void {
  const changes = elementsOf(documentValue(o)).slice(1)
  const options = withFields(
    info.options,
    changes.filter(([name]) => name !== 'index'),
  )
  const index = getField(o, 'index')
  if (!isDocument(index)) return putInfo(transaction, info.namespace, { ...info, options })
  const name = toText(must(getField(documentBytes(index), 'name'), 'name of a modified index'))
  const indexChanges = elementsOf(index).filter(([field]) => field !== 'name')
  const indexes = info.indexes.map(existing =>
    existing.name === name ? { ...existing, spec: withFields(existing.spec, indexChanges) } : existing,
  )
  putInfo(transaction, info.namespace, { ...info, options, indexes })
}

/** `document` with these fields replaced where they stand, or added at the end. An expiry that is `off` is taken away. */
function withFields(document: Uint8Array, changes: readonly (readonly [name: string, value: Value])[]): Uint8Array {
  const fields: Record<string, Encodable> = Object.fromEntries(elementsOf(documentValue(document)))
  for (const [name, value] of changes) {
    fields[name] = name === 'expireAfterSeconds' && isString(value) ? undefined : value
  }
  return encodeDocument(fields)
}
