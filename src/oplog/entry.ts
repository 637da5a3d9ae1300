/**
 * One oplog entry: what it says, and its bytes.
 *
 *   key    time u64 | index u32, big-endian        the storage log's position; the order of bytes is the order of commits
 *   value  BSON { [lsid, txnNumber], op, ns, [ui], o, [o2], [stmtId], wall, [preImage], [retried] }
 *
 * Names and meanings are MongoDB's, but for two of ours: `preImage`, the document as it was before this write, when the
 * collection keeps images; and `retried`, what a repeat of the statement answers when `op` does not tell it.
 *
 * Invariants
 *  1. An entry is appended by the storage transaction that makes the change: neither is ever there without the other.
 *  2. Entries never change. Only retention removes them, oldest first.
 *  3. The state is a function of the entries: collection/apply.ts is that function, and live writes go through it too.
 */
import { must } from '../base/assert.ts'
import { ElementReader } from '../bson/reader.ts'
import { BsonType, documentBytes, toBinaryParts, toDateMs, toInt32, toInt64, toText } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'

/** i insert, u update, d delete, c command, n nothing but the passing of time. */
export type OplogOperation = 'i' | 'u' | 'd' | 'c' | 'n'

/** Which statement of which retryable write an entry belongs to. */
export interface StatementId {
  /** 16 bytes. */
  readonly lsid: Uint8Array
  readonly txnNumber: bigint
  readonly stmtId: number
}

export interface OplogEntry {
  readonly op: OplogOperation
  /** `db.coll`, or `db.$cmd` for commands, or empty. */
  readonly ns: string
  /** The collection's UUID, 16 bytes; undefined for dropDatabase and for nothing-entries. */
  readonly ui?: Uint8Array | undefined
  /**
   * i: the document. u: `{ $v: 2, diff }` or a whole document (a replacement). d: the document key. c: the command, its
   * name first. n: a message.
   */
  readonly o: Uint8Array
  /** i, u: the document key. Commands: what was there before. */
  readonly o2?: Uint8Array | undefined
  readonly wallMs: number
  readonly statement?: StatementId | undefined
  readonly preImage?: Uint8Array | undefined
  readonly retried?: Uint8Array | undefined
}

export function encodeEntry(entry: OplogEntry): Uint8Array {
  const { statement } = entry
  const writer = new BsonWriter(entry.o.length + (entry.o2?.length ?? 0) + (entry.preImage?.length ?? 0) + 256)
  if (statement !== undefined) {
    writer.startDocument('lsid')
    writer.binary('id', 4, statement.lsid)
    writer.end()
    writer.int64('txnNumber', statement.txnNumber)
  }
  writer.string('op', entry.op)
  writer.string('ns', entry.ns)
  if (entry.ui !== undefined) writer.binary('ui', 4, entry.ui)
  writer.document('o', entry.o)
  if (entry.o2 !== undefined) writer.document('o2', entry.o2)
  if (statement !== undefined) writer.int32('stmtId', statement.stmtId)
  writer.date('wall', entry.wallMs)
  if (entry.preImage !== undefined) writer.document('preImage', entry.preImage)
  if (entry.retried !== undefined) writer.document('retried', entry.retried)
  return writer.finish()
}

/** The entry in bytes of ours; its documents share them. */
export function decodeEntry(bytes: Uint8Array): OplogEntry {
  let op: string | undefined
  let ns = ''
  let ui: Uint8Array | undefined
  let o: Uint8Array | undefined
  let o2: Uint8Array | undefined
  let wallMs = 0
  let lsid: Uint8Array | undefined
  let txnNumber = 0n
  let stmtId = 0
  let preImage: Uint8Array | undefined
  let retried: Uint8Array | undefined
  const elements = new ElementReader(bytes)
  while (elements.next()) {
    const { value } = elements
    switch (elements.name) {
      case 'op':
        op = toText(value)
        break
      case 'ns':
        ns = toText(value)
        break
      case 'ui':
        ui = toBinaryParts(value).content
        break
      case 'o':
        o = documentBytes(value)
        break
      case 'o2':
        o2 = documentBytes(value)
        break
      case 'wall':
        wallMs = toDateMs(value)
        break
      case 'lsid': {
        const id = ElementReader.of(value)
        if (id.next() && id.type === BsonType.binary) lsid = toBinaryParts(id.value).content
        break
      }
      case 'txnNumber':
        txnNumber = toInt64(value)
        break
      case 'stmtId':
        stmtId = toInt32(value)
        break
      case 'preImage':
        preImage = documentBytes(value)
        break
      case 'retried':
        retried = documentBytes(value)
        break
    }
  }
  const statement = lsid === undefined ? undefined : { lsid, txnNumber, stmtId }
  return {
    op: must(op, 'op of an oplog entry') as OplogOperation,
    ns,
    ui,
    o: must(o, 'o of an oplog entry'),
    o2,
    wallMs,
    statement,
    preImage,
    retried,
  }
}
