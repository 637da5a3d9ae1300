/** The insert path: documents become entries of one transaction, or of a few when they are many. */
import { CommandError } from '../base/errors.ts'
import { transactionBytesMax } from '../base/limits.ts'
import { nameOf } from '../storage/changes.ts'
import { packMeasurement } from '../bson/bucket.ts'
import type { Value } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { ChangeWriter, type Change } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { duplicateId, requireOutsideTransaction, requireRoom, requireUnique, requireValid } from './constraints.ts'
import { ensureInsertable, requireUserCollection } from './create.ts'
import { documentKeyOf, newObjectId, prepareDocument } from './document-id.ts'
import { recordKey } from './keys.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import { findEarlier, type RetryableWrite } from './retry.ts'
import type { Store } from './store.ts'
import { bucketsInTransaction, reserveBucketNumbers, type TimeSeries } from './time-series.ts'

export interface WriteOptions {
  readonly namespace: Namespace
  readonly bypassesValidation: boolean
  readonly retryable: RetryableWrite | undefined
}

export interface InsertOptions extends WriteOptions {
  readonly documents: readonly Uint8Array[]
  /** The statement number of the first document; the others follow. */
  readonly firstStmtId: number
  /** Whether the first error ends the work. */
  readonly ordered: boolean
  /** Whether a timestamp of zero is stored as it is, as when data is restored; else it means the present time. */
  readonly keepsZeroTimestamps?: boolean
}

/** A statement that was refused; the others are not concerned. */
export interface WriteError {
  readonly index: number
  readonly error: CommandError
}

export interface InsertResult {
  /** How many documents are in now because of this command, those of an earlier try included. */
  readonly insertedCount: number
  readonly writeErrors: readonly WriteError[]
  /** Statements that an earlier try had done. */
  readonly retriedIds: readonly number[]
}

/**
 * One transaction takes no more than this many documents: other writers get their turn every 2 ms, and a part goes to the disk while the
 * next is decided. Each costs a sync of its own: with 250 a thousand take a tenth longer.
 */
const chunkCountMax = 500

/** Inserts documents or measurements, creating the collection if it is not there. @throws StorageFailed; refusals are in the result. */
export async function insertDocuments(store: Store, options: InsertOptions): Promise<InsertResult> {
  const { documents, ordered } = options
  requireUserCollection(options.namespace)
  const chunks: Promise<InsertResult>[] = []
  // Chunks are decided in the order in which they are asked for, so each can see whether one before it was refused.
  let isRefused = false
  const insert = async (from: number, to: number): Promise<InsertResult> => {
    const { result } = await store.engine.write(async transaction => {
      if (ordered && isRefused) return nothing
      const inserted = await insertChunk(transaction, store, options, from, to)
      if (inserted.writeErrors.length > 0) isRefused = true
      return inserted
    })
    return result
  }
  for (let from = 0; from < documents.length && !(ordered && isRefused);) {
    const to = chunkEnd(documents, from)
    const chunk = insert(from, to)
    // A failure is told below, with the others'; here it only ends the work.
    void chunk.catch(() => (isRefused = true))
    chunks.push(chunk)
    if (to < documents.length) {
      // At the end of the turn in which it was decided a chunk is handed to the disk; the next is decided while it is on its way.
      await store.env.yieldTurn()
      await store.env.yieldTurn()
    }
    from = to
  }
  const results = await Promise.all(chunks)
  return {
    insertedCount: results.reduce((sum, { insertedCount }) => sum + insertedCount, 0),
    writeErrors: results.flatMap(({ writeErrors }) => writeErrors),
    retriedIds: results.flatMap(({ retriedIds }) => retriedIds),
  }
}

const nothing: InsertResult = { insertedCount: 0, writeErrors: [], retriedIds: [] }

function chunkEnd(documents: readonly Uint8Array[], from: number): number {
  let bytes = 0
  let to = from
  while (to < documents.length && to - from < chunkCountMax) {
    bytes += (documents[to] as Uint8Array).length
    if (to > from && bytes > transactionBytesMax) break
    to++
  }
  return to
}

async function insertChunk(
  transaction: WriteTransaction,
  store: Store,
  options: InsertOptions,
  from: number,
  to: number,
): Promise<InsertResult> {
  const earlier = await findEarlier(transaction, options.retryable)
  const info = await ensureInsertable(transaction, store, options.namespace)
  requireOutsideTransaction(store, info)
  const { timeSeries } = info
  if (timeSeries !== undefined && store.isTransaction) throw bucketsInTransaction(options.namespace)
  const prepare =
    timeSeries === undefined
      ? preparer(store, options)
      : packer(store, timeSeries, (await reserveBucketNumbers(transaction, to - from)) - BigInt(from))
  const rows = prepareRows(info, options, prepare, from, to)
  const stored = info.capped === undefined ? await transaction.getMany('records', rows.map(keyOfRow)) : []
  const hasUnique = info.indexes.some(index => index.hasEntries)
  const changeOf = changesOf(store, info, options)
  const changes = new ChangeWriter(transaction, store.catalog)
  const inserted = new InsertedKeys()
  const writeErrors: WriteError[] = []
  const retriedIds: number[] = []
  let insertedCount = 0
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place] as Row
    const stmtId = options.firstStmtId + from + place
    if (earlier(stmtId) !== undefined) {
      retriedIds.push(stmtId)
      insertedCount++
      continue
    }
    const error =
      row.refusal ??
      (stored[place] !== undefined || inserted.has(row.key) ? duplicateId(info, row.document) : undefined) ??
      invalidityOf(store, info, row, options) ??
      // Waiting for an answer that is known costs as much as the rest of the document.
      (hasUnique ? await collisionOf(transaction, info, row) : undefined)
    if (error !== undefined) {
      writeErrors.push({ index: from + place, error })
      if (options.ordered) break
      continue
    }
    const written = changes.write(changeOf(row, stmtId))
    if (written !== undefined) await written
    if (row.key !== nowhere) inserted.add(row.key)
    insertedCount++
  }
  await changes.end()
  return { insertedCount, writeErrors, retriedIds }
}

/** One document on its way in. `refusal` is set when it cannot be stored whatever else is there. */
interface Row {
  readonly document: Uint8Array
  /** `nowhere` until a capped collection gives it one. */
  readonly key: Uint8Array
  readonly refusal: CommandError | undefined
}

const keyOfRow = ({ key }: Row): Uint8Array => key

/** The document number `index` of the command as it will be stored. @throws CommandError. */
type Prepare = (given: Uint8Array, index: number) => { readonly document: Uint8Array; readonly id: Value }

function preparer(store: Store, { keepsZeroTimestamps }: InsertOptions): Prepare {
  const now = keepsZeroTimestamps === true ? undefined : store.engine.log.newest.time + 1n
  return given => prepareDocument(given, store.env, now)
}

/** `base` is the number of the command's first document. */
function packer({ env }: Store, series: TimeSeries, base: bigint): Prepare {
  const newId = () => newObjectId(env)
  return (given, index) => packMeasurement(given, { ...series, number: base + BigInt(index), newId })
}

function prepareRows(info: CollectionInfo, options: InsertOptions, prepare: Prepare, from: number, to: number): Row[] {
  const rows: Row[] = []
  for (let index = from; index < to; index++) {
    const given = options.documents[index] as Uint8Array
    try {
      const { document, id } = prepare(given, index)
      requireRoom(info, document)
      const key = info.capped === undefined ? recordKey(info.id, id) : nowhere
      rows.push({ document, key, refusal: undefined })
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      rows.push({ document: given, key: nowhere, refusal: error })
    }
  }
  return rows
}

/** A key that no document has. */
const nowhere = Uint8Array.of(0)

/**
 * The keys under which documents were inserted. As long as each is above all before it, as ObjectIds of one driver are, the last one
 * tells that a key is new.
 */
class InsertedKeys {
  readonly #growing: Uint8Array[] = []
  /** All of them, once a key was asked for that is not above the last. */
  #names: Set<string> | undefined

  has(key: Uint8Array): boolean {
    if (this.#names === undefined) {
      const last = this.#growing.at(-1)
      if (last === undefined || Buffer.compare(last, key) < 0) return false
      this.#names = new Set(this.#growing.map(nameOf))
    }
    return this.#names.has(nameOf(key))
  }

  /** Adds a key that `has` was just asked for. */
  add(key: Uint8Array): void {
    if (this.#names === undefined) this.#growing.push(key)
    else this.#names.add(nameOf(key))
  }
}

/** What the collection's validator has against a document. */
function invalidityOf(
  store: Store,
  info: CollectionInfo,
  { document }: Row,
  { bypassesValidation }: InsertOptions,
): CommandError | undefined {
  if (bypassesValidation || info.validator === undefined) return undefined
  return refusalIn(() => requireValid(store, info, document))
}

/** The error of a unique index whose key is taken. */
async function collisionOf(
  transaction: WriteTransaction,
  info: CollectionInfo,
  { key, document }: Row,
): Promise<CommandError | undefined> {
  try {
    await requireUnique(transaction, info, key, document)
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error
    throw error
  }
}

/** The refusal that `check` throws; undefined when it throws none. */
function refusalIn(check: () => void): CommandError | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error
    throw error
  }
}

/** The changes that insert documents into a collection now. */
function changesOf(store: Store, info: CollectionInfo, { retryable }: InsertOptions) {
  const ns = showNamespace(info.namespace)
  const ui = info.uuid
  const wallMs = store.env.wallMs()
  return ({ document, key }: Row, stmtId: number): Change => {
    const statement = retryable && { lsid: retryable.lsid, txnNumber: retryable.txnNumber, stmtId }
    return {
      info,
      key: info.capped === undefined ? key : undefined,
      entry: { op: 'i', ns, ui, o: document, o2: documentKeyOf(document), wallMs, statement },
    }
  }
}
