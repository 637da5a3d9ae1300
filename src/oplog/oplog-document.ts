/**
 * A commit as a document of local.oplog.rs, oplog format version 2; pure.
 *
 *   one entry    { [lsid, txnNumber], op, ns, [ui], o, [o2], [stmtId], ts, t, v, wall }
 *   several, or  { [lsid, txnNumber], op: 'c', ns: 'admin.$cmd', o: { applyOps: [{ op, ns, [ui], o, [o2], [stmtId] }] },
 *   transaction    ts, t, v, wall, [prevOpTime], [multiOpType] }
 *
 * `ts` is the commit's time, and so it is unique. What only this server keeps in an entry (entry.ts) is not shown.
 */
import { createHash } from 'node:crypto'
import { must } from '../base/assert.ts'
import { getField } from '../bson/reader.ts'
import { documentBytes, toBinaryParts, toInt64 } from '../bson/value.ts'
import { BsonWriter, indexName } from '../bson/writer.ts'
import type { LogEntry } from '../storage/engine.ts'
import type { ClusterTime } from './cluster-time.ts'
import type { Commit } from './commits.ts'
import { decodeEntry, type OplogEntry } from './entry.ts'

/** Of the one election that this set ever had. */
export const electionTerm = 1n

/** Version of the oplog's format. */
const formatVersion = 2n

/** `multiOpType` of several writes that are one entry because they are statements of one retryable write. */
const retryableApplyOps = 1

/** Of the user that does not exist: there is no authentication. */
const userId = createHash('sha256').digest()

export function oplogDocument({ time, entries }: Commit): Uint8Array {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 256)
  const writer = new BsonWriter(bytes)
  const decoded = entries.map(entry => decodeEntry(entry.bytes))
  const last = must(decoded.at(-1), 'an entry of a commit')
  const session = entries.map(sessionOf).find(found => found !== undefined)
  if (session !== undefined) writeSession(writer, session)
  const isTransaction = session?.isTransaction ?? false
  if (decoded.length === 1 && !isTransaction) writeOperation(writer, last)
  else writeOperations(writer, decoded)
  writeMoment(writer, time, last.wallMs)
  if (isTransaction) writeNoPrevious(writer)
  else if (decoded.length > 1 && session !== undefined) writer.int32('multiOpType', retryableApplyOps)
  return writer.finish()
}

interface Session {
  /** 16 bytes. */
  readonly lsid: Uint8Array
  readonly txnNumber: bigint
  /** Whether the number is that of a multi-document transaction: its entries have no stmtId. */
  readonly isTransaction: boolean
}

/** The session that a stored entry names; undefined when it names none. */
function sessionOf({ bytes }: LogEntry): Session | undefined {
  const lsid = getField(bytes, 'lsid')
  if (lsid === undefined) return undefined
  return {
    lsid: toBinaryParts(must(getField(documentBytes(lsid), 'id'), 'id of an lsid')).content,
    txnNumber: toInt64(must(getField(bytes, 'txnNumber'), 'txnNumber of an lsid')),
    isTransaction: getField(bytes, 'stmtId') === undefined,
  }
}

function writeSession(writer: BsonWriter, { lsid, txnNumber }: Session): void {
  writer.startDocument('lsid')
  writer.binary('id', 4, lsid)
  writer.binary('uid', 0, userId)
  writer.end()
  writer.int64('txnNumber', txnNumber)
}

/** A transaction is one document, so there is none of it before this one. */
function writeNoPrevious(writer: BsonWriter): void {
  writer.startDocument('prevOpTime')
  writer.timestamp('ts', 0n)
  writer.int64('t', -1n)
  writer.end()
}

function writeOperation(writer: BsonWriter, { op, ns, ui, o, o2, statement }: OplogEntry): void {
  writer.string('op', op)
  writer.string('ns', ns)
  if (ui !== undefined) writer.binary('ui', 4, ui)
  writer.document('o', o)
  if (o2 !== undefined) writer.document('o2', o2)
  if (statement !== undefined) writer.int32('stmtId', statement.stmtId)
}

function writeOperations(writer: BsonWriter, entries: readonly OplogEntry[]): void {
  writer.string('op', 'c')
  writer.string('ns', 'admin.$cmd')
  writer.startDocument('o')
  writer.startArray('applyOps')
  for (const [index, entry] of entries.entries()) {
    writer.startDocument(indexName(index))
    writeOperation(writer, entry)
    writer.end()
  }
  writer.end()
  writer.end()
}

function writeMoment(writer: BsonWriter, time: ClusterTime, wallMs: number): void {
  writer.timestamp('ts', time)
  writer.int64('t', electionTerm)
  writer.int64('v', formatVersion)
  writer.date('wall', wallMs)
}
