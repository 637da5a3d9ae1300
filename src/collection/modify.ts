/** The write path of update, delete and findAndModify: read, decide purely, commit the entry with the change. */
import { CommandError } from '../base/errors.ts'
import { encodeDocument } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { documentBytes, type Value } from '../bson/value.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import { equalitiesOf } from '../query/match.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import type { Applied, Update, UpdateMoment } from '../update/update.ts'
import { commitChanges, type Change } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { duplicateId, requireOutsideTransaction, requireRoom, requireUnique, requireValid } from './constraints.ts'
import { ensureCollection } from './create.ts'
import { documentKeyOf, idOf, prepareDocument } from './document-id.ts'
import type { WriteOptions } from './insert.ts'
import { keyOfId } from './index-entries.ts'
import { showNamespace } from './namespace.ts'
import { keepsImages } from './pre-images.ts'
import type { Located } from './read.ts'
import { findEarlier, type EarlierStatement } from './retry.ts'
import type { Store } from './store.ts'
import { changeAll, changeFirst, type Body, type Target } from './target.ts'

/** One update, delete or findAndModify statement. */
export interface Statement extends WriteOptions, Target {
  /** Its place in the command, which names it in a retry. */
  readonly stmtId: number
  /** The document that a findAndModify answers with, to be kept for a retry; undefined for other commands. */
  readonly keepsValue: 'before' | 'after' | undefined
}

export interface UpdateStatement extends Statement {
  readonly update: Update
  /** Whether a document is inserted when none matches. */
  readonly upsert: boolean
  /** Where in an array the filter matched, for the positional `$`. */
  matchedIndex(document: Uint8Array): number | undefined
}

/** How a document is written, whoever found it. */
export type DocumentWrite = Pick<Statement, 'bypassesValidation' | 'retryable' | 'stmtId' | 'keepsValue'>
export type DocumentUpdate = DocumentWrite & Pick<UpdateStatement, 'update' | 'matchedIndex'>

/** What a statement did. */
export interface Outcome {
  readonly matchedCount: number
  readonly modifiedCount: number
  /** The _id of the document that was inserted because none matched. */
  readonly upsertedId: Value | undefined
  /** What `keepsValue` asked for; undefined when there is no such document. */
  readonly value: Uint8Array | undefined
  /** Whether an earlier try had done it. */
  readonly isRetried: boolean
}

const nothing: Outcome = {
  matchedCount: 0,
  modifiedCount: 0,
  upsertedId: undefined,
  value: undefined,
  isRetried: false,
}

/** Updates the first matching document, or inserts one. @throws CommandError for what the statement may not do. */
export async function updateFirst(store: Store, statement: UpdateStatement): Promise<Outcome> {
  const body: Body<Outcome> = {
    change: (transaction, info, located) => updateLocated(transaction, store, statement, info, located),
    conclude: async transaction => (statement.upsert ? upsert(transaction, store, statement) : nothing),
    answerEarlier: transaction => answerEarlier(transaction, statement),
    concludes: statement.upsert || statement.retryable !== undefined,
  }
  try {
    return (await changeFirst(store, statement, body)) ?? nothing
  } catch (error) {
    // Another writer inserted what this upsert was going to: now there is a document to update. The second time the
    // document in the way is another one, and the error is the answer.
    const isRace = statement.upsert && error instanceof CommandError && error.codeName === 'DuplicateKey'
    if (!isRace) throw error
    return (await changeFirst(store, statement, body)) ?? nothing
  }
}

/** Updates all matching documents, or inserts one. */
export async function updateAll(store: Store, statement: UpdateStatement): Promise<Outcome> {
  const outcomes = await changeAll(store, statement, (transaction, info, located) =>
    updateLocated(transaction, store, statement, info, located),
  )
  if (outcomes.length === 0 && statement.upsert) return updateFirst(store, statement)
  const modified = outcomes.filter(({ modifiedCount }) => modifiedCount > 0)
  return { ...nothing, matchedCount: outcomes.length, modifiedCount: modified.length }
}

/** Deletes the first matching document. `matchedCount` says how many. */
export async function deleteFirst(store: Store, statement: Statement): Promise<Outcome> {
  const outcome = await changeFirst<Outcome>(store, statement, {
    change: (transaction, info, located) => deleteLocated(transaction, store, statement, info, located),
    conclude: async () => nothing,
    answerEarlier: transaction => answerEarlier(transaction, statement),
    concludes: statement.retryable !== undefined,
  })
  return outcome ?? nothing
}

/** Deletes all matching documents. */
export async function deleteAll(store: Store, statement: Statement): Promise<Outcome> {
  const outcomes = await changeAll(store, statement, (transaction, info, located) =>
    deleteLocated(transaction, store, statement, info, located),
  )
  return { ...nothing, matchedCount: outcomes.length }
}

/** Updates the document that lies there, as a part of a write. @throws CommandError for what it may not become. */
export async function updateLocated(
  transaction: WriteTransaction,
  store: Store,
  statement: DocumentUpdate,
  info: CollectionInfo,
  { key, document: before }: Located,
): Promise<Outcome> {
  requireOutsideTransaction(store, info)
  const { update, keepsValue } = statement
  const arrayIndex = update.usesPosition ? statement.matchedIndex(before) : undefined
  const applied = update.apply(before, { ...momentOf(store), arrayIndex })
  const after = applied.kind === 'nothing' ? before : applied.after
  const value = keepsValue === 'before' ? before : keepsValue === 'after' ? after : undefined
  if (applied.kind === 'nothing') return { ...nothing, matchedCount: 1, value }
  if (!statement.bypassesValidation) requireValid(store, info, after, before)
  await requireUnique(transaction, info, key, after)
  const entry: OplogEntry = {
    ...entryBasis(store, statement, info, before, value),
    op: 'u',
    o: updateObject(applied),
    o2: documentKeyOf(before),
  }
  await commitChanges(transaction, store.catalog, [{ entry, info, key, before, after }])
  return { ...nothing, matchedCount: 1, modifiedCount: 1, value }
}

function updateObject(applied: Exclude<Applied, { kind: 'nothing' }>): Uint8Array {
  return applied.kind === 'replace' ? applied.after : encodeDocument({ $v: 2, diff: applied.diff })
}

async function deleteLocated(
  transaction: WriteTransaction,
  store: Store,
  statement: Statement,
  info: CollectionInfo,
  { key, document: before }: Located,
): Promise<Outcome> {
  requireOutsideTransaction(store, info)
  const value = statement.keepsValue === undefined ? undefined : before
  const entry: OplogEntry = {
    ...entryBasis(store, statement, info, before, value),
    op: 'd',
    o: documentKeyOf(before),
  }
  await commitChanges(transaction, store.catalog, [{ entry, info, key, before }])
  return { ...nothing, matchedCount: 1, value }
}

function entryBasis(
  store: Store,
  { retryable, stmtId, keepsValue }: DocumentWrite,
  info: CollectionInfo,
  before: Uint8Array,
  value: Uint8Array | undefined,
): Omit<OplogEntry, 'op' | 'o'> {
  return {
    ns: showNamespace(info.namespace),
    ui: info.uuid,
    wallMs: store.env.wallMs(),
    statement: retryable && { ...retryable, stmtId },
    preImage: keepsImages(store, info) ? before : undefined,
    retried: retryable && keepsValue !== undefined ? encodeDocument({ value }) : undefined,
  }
}

async function upsert(transaction: WriteTransaction, store: Store, statement: UpdateStatement): Promise<Outcome> {
  const info = await ensureCollection(transaction, store, statement.namespace)
  const made = statement.update.applyToMissing(equalitiesOf(statement.selection.filter), momentOf(store))
  return insertMissing(transaction, store, statement, info, made)
}

/** Inserts a document that was looked for and not found, as a part of a write; it is given an _id if it has none. */
export async function insertMissing(
  transaction: WriteTransaction,
  store: Store,
  statement: DocumentWrite,
  info: CollectionInfo,
  made: Uint8Array,
): Promise<Outcome> {
  requireOutsideTransaction(store, info)
  const { document, id } = prepareDocument(made, store.env, momentOf(store).clusterTime)
  const key = await keyOfId(transaction, info, id)
  if (key !== undefined && (await transaction.get('records', key)) !== undefined) throw duplicateId(info, document)
  requireRoom(info, document)
  if (!statement.bypassesValidation) requireValid(store, info, document)
  await requireUnique(transaction, info, key, document)
  const { retryable, stmtId, keepsValue } = statement
  const value = keepsValue === 'after' ? document : undefined
  const change: Change = {
    info,
    entry: {
      op: 'i',
      ns: showNamespace(info.namespace),
      ui: info.uuid,
      o: document,
      o2: documentKeyOf(document),
      wallMs: store.env.wallMs(),
      statement: retryable && { ...retryable, stmtId },
      retried: retryable && encodeDocument({ upserted: id, value }),
    },
  }
  await commitChanges(transaction, store.catalog, [change])
  return { ...nothing, upsertedId: idOf(document), value }
}

async function answerEarlier(
  transaction: WriteTransaction,
  { retryable, stmtId }: Statement,
): Promise<Outcome | undefined> {
  if (retryable === undefined) return undefined
  const earlier = (await findEarlier(transaction, retryable))(stmtId)
  return earlier && outcomeOf(earlier)
}

function outcomeOf({ op, retried }: EarlierStatement): Outcome {
  const upserted = retried && getField(retried, 'upserted')
  const value = retried && getField(retried, 'value')
  return {
    matchedCount: op === 'i' ? 0 : 1,
    modifiedCount: op === 'u' ? 1 : 0,
    upsertedId: op === 'i' ? upserted : undefined,
    value: value && documentBytes(value),
    isRetried: true,
  }
}

/** The time of the commit is only known at the commit; the moment just behind the newest is as close as one gets. */
function momentOf(store: Store): UpdateMoment & { readonly clusterTime: bigint } {
  return { nowMs: store.env.wallMs(), clusterTime: store.engine.log.newest.time + 1n }
}
