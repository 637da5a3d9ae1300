/** What tests of collections work with: a store on the memory engine, and verbs. */
import { serialize, type Document } from 'bson'
import { systemEnv, type Env } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { parseCollation } from '../bson/collation.ts'
import { arrayValue, documentOf } from '../bson/encode.ts'
import { documentBytes, documentValue, type Value } from '../bson/value.ts'
import { clusterClock } from '../oplog/cluster-time.ts'
import { decodeEntry, type OplogEntry } from '../oplog/entry.ts'
import { compileMatchedIndex } from '../query/match.ts'
import { engine as memory } from '../storage/engines/memory.ts'
import { compileUpdate } from '../update/update.ts'
import { rootVariables } from '../expression/variables.ts'
import { applyEntry } from './apply.ts'
import { newUuid } from './create.ts'
import { insertDocuments } from './insert.ts'
import { holderInNode, isRootKey } from './collated-tree.ts'
import { holdersIn } from './index-entries.ts'
import { indexEntriesOf, rangeOf } from './keys.ts'
import type { Statement, UpdateStatement } from './modify.ts'
import type { Namespace } from './namespace.ts'
import { compileSelection } from './read.ts'
import { putRetryRecords, type RetryableWrite } from './retry.ts'
import { makeStore, withSnapshot, type Store } from './store.ts'

export const bytes = (document: Document): Uint8Array => serialize(document, { ignoreUndefined: false })
export const value = (document: Document): Value => documentValue(bytes(document))

export async function openStore(env: Env = systemEnv): Promise<Store> {
  const engine = await memory.open({
    nextTime: clusterClock(env),
    newDeploymentId: () => newUuid(env),
  })
  return makeStore(env, engine)
}

export const things: Namespace = { db: 'shop', coll: 'things' }

interface StatementParts {
  readonly filter?: Document
  readonly namespace?: Namespace
  readonly retryable?: RetryableWrite | undefined
  readonly keepsValue?: Statement['keepsValue']
}

export function statement({ filter = {}, namespace = things, retryable, keepsValue }: StatementParts = {}): Statement {
  return {
    namespace,
    selection: compileSelection(value(filter), {}),
    sort: undefined,
    pace: new Pace(systemEnv),
    bypassesValidation: false,
    retryable,
    stmtId: 0,
    keepsValue,
  }
}

export function updateStatement(update: Document, parts: StatementParts & { upsert?: boolean } = {}): UpdateStatement {
  const options = {
    collation: parseCollation(undefined),
    variables: rootVariables({ nowMs: 0, clusterTime: 0n }),
    variableNames: [],
    compilePipeline: () => (document: Uint8Array) => document,
  }
  return {
    ...statement(parts),
    update: compileUpdate(value(update), options),
    upsert: parts.upsert ?? false,
    matchedIndex: compileMatchedIndex(value(parts.filter ?? {}), {}),
  }
}

export function insert(
  store: Store,
  documents: readonly Document[],
  { namespace = things, retryable, ordered = true }: StatementParts & { ordered?: boolean } = {},
) {
  return insertDocuments(store, {
    namespace,
    documents: documents.map(bytes),
    firstStmtId: 0,
    ordered,
    bypassesValidation: false,
    retryable,
  })
}

/** Every entry of the log, oldest first. */
export async function entriesOf(store: Store): Promise<OplogEntry[]> {
  const entries = await store.engine.log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity })
  return entries.map(entry => decodeEntry(entry.bytes))
}

/** The state as text: collections, their documents, keys of unique indexes, retry records. Ids of ours are left out. */
export async function stateOf(store: Store): Promise<string[]> {
  return withSnapshot(store, async snapshot => {
    const limits = { countMax: Infinity, bytesMax: Infinity }
    const everything = { from: new Uint8Array(0), to: Buffer.alloc(2000, 0xff) }
    const lines: string[] = []
    for (const info of await store.catalog.list(snapshot)) {
      const { db, coll } = info.namespace
      const specs = arrayValue(info.indexes.map(({ spec }) => documentValue(spec)))
      lines.push(
        `${db}.${coll} ${Buffer.from(info.uuid).toString('hex')} ${show(info.options)} ${show(documentBytes(documentOf([['', specs]])))}`,
      )
      for (const { key, value: document } of await snapshot.scan('records', everything, limits)) {
        if (Buffer.from(key).readUInt32BE(0) === info.id)
          lines.push(`  ${Buffer.from(key).toString('hex', 4)} ${show(document)}`)
      }
      for (const { key, value: held } of await snapshot.scan('index', everything, limits)) {
        const index = info.indexes.find(({ id }) => id === Buffer.from(key).readUInt32BE(0))
        if (index === undefined) continue
        const holders = holdersIn({ key, value: held }).map(holder => Buffer.from(holder).toString('hex', 4))
        // What lies in a tree beside its holder: rank, values, and what is under it.
        const more = isRootKey(key) || holderInNode(held) !== undefined ? Buffer.from(held).toString('hex', 5) : ''
        lines.push(`  ${index.name} ${Buffer.from(key).toString('hex', 4)} → ${holders.join(' ')} ${more}`)
      }
    }
    for (const { key, value: record } of await snapshot.scan('session', everything, limits)) {
      lines.push(`session ${Buffer.from(key).toString('hex')} ${show(record)}`)
    }
    return lines
  })
}

/** Applies the log of `source` to an empty store, a commit at a time. */
export async function replay(source: Store): Promise<Store> {
  const target = await openStore()
  const logged = await source.engine.log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity })
  for (let from = 0; from < logged.length;) {
    const time = logged[from]?.position.time
    const commit = logged.slice(from).filter(({ position }) => position.time === time)
    const entries = commit.map(entry => decodeEntry(entry.bytes))
    await target.engine.write(async transaction => {
      for (const entry of entries) await applyEntry(transaction, target.catalog, { entry })
      await putRetryRecords(transaction, entries)
    })
    from += commit.length
  }
  return target
}

/** What a unique index should hold, from the documents, next to what it holds. */
export async function indexContents(store: Store): Promise<{ expected: string[]; found: string[] }> {
  return withSnapshot(store, async snapshot => {
    const limits = { countMax: Infinity, bytesMax: Infinity }
    const expected: string[] = []
    const found: string[] = []
    const line = (key: Uint8Array, holder: Uint8Array) =>
      `${Buffer.from(key).toString('hex')} → ${Buffer.from(holder).toString('hex')}`
    for (const info of await store.catalog.list(snapshot)) {
      const records = await snapshot.scan('records', rangeOf(info.id), limits)
      for (const index of info.indexes.filter(({ hasEntries }) => hasEntries)) {
        for (const { key, value: document } of records) {
          for (const entry of indexEntriesOf(index, document)) {
            expected.push(line(entry.key, key))
          }
        }
        for (const entry of await snapshot.scan('index', rangeOf(index.id), limits)) {
          found.push(...holdersIn(entry).map(holder => line(entry.key, holder)))
        }
      }
    }
    return { expected: expected.sort(), found: found.sort() }
  })
}

const show = (document: Uint8Array): string => Buffer.from(document).toString('base64')
