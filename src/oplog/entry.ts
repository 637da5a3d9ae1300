/**
 * One oplog entry: what it says, and its bytes.
 *
 *   key    time u64 | index u32, big-endian        the storage log's position; the order of bytes is the order of commits
 *   value  BSON { [lsid, txnNumber], op, ns, [ui], o, [o2], [stmtId], wall, [preImage], [retried] }
 *
 * Names and meanings are MongoDB's, but for two of ours: `preImage`, the document as it was before this write, when the
 * collection keeps images; and `retried`, what a repeat of the statement answers when `op` does not tell it. An entry of a
 * multi-document transaction has lsid and txnNumber, and no stmtId.
 *
 * Invariants
 *  1. An entry is appended by the storage transaction that makes the change: neither is ever there without the other.
 *  2. Entries never change. Only retention removes them, oldest first.
 *  3. The state is a function of the entries: collection/apply.ts is that function, and live writes go through it too.
 */
import { must } from '../base/assert.ts'
import { sameBytes } from '../bson/bytes.ts'
import { ElementReader, fieldName, findField } from '../bson/reader.ts'
import { documentBytes, toBinaryParts, toDateMs, toInt32, toInt64, toText } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'

/** i insert, u update, d delete, c command, n nothing but the passing of time. */
export type OplogOperation = 'i' | 'u' | 'd' | 'c' | 'n'

/** A number that a session has given to a retryable write or to a transaction. */
export interface TransactionId {
  /** 16 bytes. */
  readonly lsid: Uint8Array
  readonly txnNumber: bigint
}

/** Which statement of which retryable write an entry belongs to. */
export interface StatementId extends TransactionId {
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
  /** The multi-document transaction that has committed it. */
  readonly transaction?: TransactionId | undefined
  readonly preImage?: Uint8Array | undefined
  readonly retried?: Uint8Array | undefined
}

/**
 * Encodes the entries of one commit, one after another. Those that follow each other are mostly of one statement in one
 * collection, so they begin alike, and what they begin with is written once.
 */
export class EntryEncoder {
  readonly #writer = new BsonWriter(1024)
  /** The entry before, and how many bytes of it are its head. */
  #last: OplogEntry | undefined
  #headBytes = 0

  /** Its bytes, which the next entry overwrites. */
  encode(entry: OplogEntry): Uint8Array {
    const writer = this.#writer
    if (this.#last !== undefined && beginAlike(this.#last, entry)) writer.beginAsBefore(this.#headBytes)
    else {
      writeHead(writer, entry)
      this.#headBytes = writer.length
    }
    this.#last = entry
    writeRest(writer, entry)
    return writer.finishInPlace()
  }
}

/** The bytes of an entry alone, which the next document of the same writer overwrites. */
export function encodeEntry(entry: OplogEntry, writer: BsonWriter): Uint8Array {
  writeHead(writer, entry)
  writeRest(writer, entry)
  return writer.finishInPlace()
}

/** Whether both have the same head. */
function beginAlike(a: OplogEntry, b: OplogEntry): boolean {
  const aId = a.statement ?? a.transaction
  const bId = b.statement ?? b.transaction
  if (a.op !== b.op || a.ns !== b.ns || aId?.txnNumber !== bId?.txnNumber) return false
  return areAlike(a.ui, b.ui) && areAlike(aId?.lsid, bId?.lsid)
}

const areAlike = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && sameBytes(a, b))

/** What entries that belong together begin with. */
function writeHead(writer: BsonWriter, { op, ns, ui, statement, transaction }: OplogEntry): void {
  const id = statement ?? transaction
  if (id !== undefined) {
    writer.startDocument('lsid')
    writer.binary('id', 4, id.lsid)
    writer.end()
    writer.int64('txnNumber', id.txnNumber)
  }
  writer.string('op', op)
  writer.string('ns', ns)
  if (ui !== undefined) writer.binary('ui', 4, ui)
}

function writeRest(writer: BsonWriter, { o, o2, statement, wallMs, preImage, retried }: OplogEntry): void {
  writer.document('o', o)
  if (o2 !== undefined) writer.document('o2', o2)
  if (statement !== undefined) writer.int32('stmtId', statement.stmtId)
  writer.date('wall', wallMs)
  if (preImage !== undefined) writer.document('preImage', preImage)
  if (retried !== undefined) writer.document('retried', retried)
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
  let stmtId: number | undefined
  let preImage: Uint8Array | undefined
  let retried: Uint8Array | undefined
  const elements = new ElementReader(bytes)
  while (elements.next()) {
    switch (fieldOf(elements)) {
      case field.op:
        op = toText(elements.value)
        break
      case field.ns:
        ns = toText(elements.value)
        break
      case field.ui:
        ui = toBinaryParts(elements.value).content
        break
      case field.o:
        o = documentBytes(elements.value)
        break
      case field.o2:
        o2 = documentBytes(elements.value)
        break
      case field.wall:
        wallMs = toDateMs(elements.value)
        break
      case field.lsid:
        lsid = toBinaryParts(must(findField(bytes, elements.valueStart, idField), 'id of an lsid')).content
        break
      case field.txnNumber:
        txnNumber = toInt64(elements.value)
        break
      case field.stmtId:
        stmtId = toInt32(elements.value)
        break
      case field.preImage:
        preImage = documentBytes(elements.value)
        break
      case field.retried:
        retried = documentBytes(elements.value)
        break
    }
  }
  return {
    op: must(op, 'op of an oplog entry') as OplogOperation,
    ns,
    ui,
    o: must(o, 'o of an oplog entry'),
    o2,
    wallMs,
    statement: lsid === undefined || stmtId === undefined ? undefined : { lsid, txnNumber, stmtId },
    transaction: lsid === undefined || stmtId !== undefined ? undefined : { lsid, txnNumber },
    preImage,
    retried,
  }
}

const idField = fieldName('id')

/**
 * A field's name as a number, its length and last letter, which tell our names apart: every stream decodes every entry of its
 * history, and making a string of each name took longer than all the rest.
 */
const fieldNumber = (name: string): number => name.length * 256 + name.charCodeAt(name.length - 1)

const fieldOf = ({ bytes, nameStart, nameEnd }: ElementReader): number =>
  (nameEnd - nameStart) * 256 + (bytes[nameEnd - 1] as number)

const field = {
  op: fieldNumber('op'),
  ns: fieldNumber('ns'),
  ui: fieldNumber('ui'),
  o: fieldNumber('o'),
  o2: fieldNumber('o2'),
  wall: fieldNumber('wall'),
  lsid: fieldNumber('lsid'),
  txnNumber: fieldNumber('txnNumber'),
  stmtId: fieldNumber('stmtId'),
  preImage: fieldNumber('preImage'),
  retried: fieldNumber('retried'),
} as const
