/**
 * Bytes ↔ messages: OP_MSG, and the OP_QUERY with which many drivers say hello, answered by an OP_REPLY. Pure.
 *
 *   header    length int32, itself included | requestId int32 | responseTo int32 | opCode int32
 *   OP_MSG    header | flags uint32 | section … | CRC-32C of all before it, if flag 0 is set
 *   section   00 | document                                            the command; once in a message
 *             01 | size int32, itself included | name 00 | document …  an array of the command, in any place
 *   OP_QUERY  header | flags int32 | 'db.$cmd' 00 | skip int32 | count int32 | document
 *   OP_REPLY  header | flags int32 | cursor int64 | start int32 | count int32 | document
 *
 * All integers are little-endian. Every length is checked against what is there before it is used, and every document
 * by bson/validate.ts. Which errors end the connection is told by `isConnectionFatal`; after the others the next frame
 * can still be trusted to begin where this one said it ends.
 *
 * Source: MongoDB manual, "Wire Protocol"; specifications, "OP_MSG".
 */
import { CommandError } from '../base/errors.ts'
import { documentBytesInternalMax, messageBytesMax } from '../base/limits.ts'
import { decodeUtf8, readInt32, readUint32, writeInt32 } from '../bson/bytes.ts'
import { firstElement, getField } from '../bson/reader.ts'
import { validateDocument } from '../bson/validate.ts'
import { documentValue } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { crc32c } from './crc32c.ts'

export const headerBytes = 16
const checksumBytes = 4

export const OpCode = { reply: 1, query: 2004, compressed: 2012, msg: 2013 } as const

const checksumPresent = 1
const moreToCome = 1 << 1
const exhaustAllowed = 1 << 16
/** A receiver has to know every flag among the low sixteen; the high ones it may ignore. */
const requiredFlags = 0xffff
const knownRequiredFlags = checksumPresent | moreToCome

/** OP_REPLY's AwaitCapable, which every server has set since 2.0. */
const awaitCapable = 8

/** Who asked, and in which form: all that is needed to answer, even when the contents are refused. */
export interface Envelope {
  readonly kind: 'msg' | 'query'
  /** Chosen by the sender; the answer's responseTo. */
  readonly requestId: number
  readonly responseTo: number
  /** As they came; 0 for a query. */
  readonly flags: number
}

/** The documents of one kind-1 section. */
export interface DocumentSequence {
  /** The field of the command that it stands for: `documents`, `updates`, `deletes`, `ops`, `nsInfo`. */
  readonly identifier: string
  readonly documents: readonly Uint8Array[]
}

/** What a message says. The documents are views of its frame and live as long as that does. */
export interface Contents {
  /** The command. Of a query it has got its `$db` here, as an OP_MSG has it from the start. */
  readonly body: Uint8Array
  readonly sequences: readonly DocumentSequence[]
}

/** The sender wants no answer, not even an error. */
export const wantsNoReply = ({ flags }: Envelope): boolean => (flags & moreToCome) !== 0

/** The sender will take several replies to this one message. */
export const allowsExhaust = ({ flags }: Envelope): boolean => (flags & exhaustAllowed) !== 0

/** Whether nothing that the sender says after it can be understood: no answer, the connection is closed. */
export function isConnectionFatal({ codeName }: CommandError): boolean {
  switch (codeName) {
    case 'ProtocolError':
    case 'IllegalOpMsgFlag':
    case 'TooManyDocumentSequences':
    case 'ChecksumMismatch':
      return true
    default:
      return false
  }
}

/**
 * How long the frame is whose header begins at `at`, all sixteen bytes of it.
 *
 * @throws CommandError ProtocolError for what no client sends. The opCode is looked at before the rest of the frame has
 *   come, since a client that speaks TLS or something else waits for an answer before it sends that much.
 */
export function decodeFrameLength(bytes: Uint8Array, at: number): number {
  const length = readInt32(bytes, at)
  if (length < headerBytes || length > messageBytesMax) {
    throw new CommandError(
      'ProtocolError',
      `a message of ${length} bytes is announced; it must be between ${headerBytes} and ${messageBytesMax}`,
    )
  }
  const opCode = readInt32(bytes, at + 12)
  if (opCode !== OpCode.msg && opCode !== OpCode.compressed && opCode !== OpCode.query) throw unsupported(opCode)
  return length
}

const unsupported = (opCode: number) => new CommandError('ProtocolError', `the opCode ${opCode} is not supported`)

/** The opCode of a frame, which is at least a header long. */
export const opCodeOf = (frame: Uint8Array): number => readInt32(frame, 12)

/**
 * Reads the head of a whole frame, and holds the checksum against the contents.
 *
 * @throws CommandError, always one that ends the connection.
 */
export function decodeEnvelope(frame: Uint8Array): Envelope {
  const opCode = opCodeOf(frame)
  const requestId = readInt32(frame, 4)
  const responseTo = readInt32(frame, 8)
  if (opCode === OpCode.query) return { kind: 'query', requestId, responseTo, flags: 0 }
  if (opCode !== OpCode.msg) throw unsupported(opCode)
  if (frame.length < headerBytes + 4) throw new CommandError('ProtocolError', 'the message ends before its flags')
  const flags = readUint32(frame, headerBytes)
  if ((flags & requiredFlags & ~knownRequiredFlags) !== 0) {
    throw new CommandError('IllegalOpMsgFlag', `Message contains illegal flags value: 0b${flags.toString(2)}`)
  }
  const envelope: Envelope = { kind: 'msg', requestId, responseTo, flags }
  if ((flags & checksumPresent) !== 0) requireChecksum(frame)
  return envelope
}

function requireChecksum(frame: Uint8Array): void {
  const end = frame.length - checksumBytes
  if (end < headerBytes + 4 || readUint32(frame, end) !== crc32c(frame, 0, { end })) {
    throw new CommandError('ChecksumMismatch', 'OP_MSG checksum does not match contents')
  }
}

/**
 * Reads and checks the documents of a frame whose envelope was read.
 *
 * @throws CommandError
 */
export function decodeContents(frame: Uint8Array, envelope: Envelope): Contents {
  if (envelope.kind === 'query') return decodeQuery(frame)
  const end = (envelope.flags & checksumPresent) !== 0 ? frame.length - checksumBytes : frame.length
  let body: Uint8Array | undefined
  const sequences: DocumentSequence[] = []
  let at = headerBytes + 4
  while (at < end) {
    const kind = frame[at++]
    if (kind === 0) {
      if (body !== undefined) throw new CommandError('Location40430', 'Multiple body sections in message')
      body = decodeDocument(frame, at, end)
      at += body.length
    } else if (kind === 1) {
      if (sequences.length === sequencesMax) {
        throw new CommandError('TooManyDocumentSequences', 'Too many document sequences in OP_MSG')
      }
      const size = sectionSize(frame, at, end)
      sequences.push(decodeSequence(frame, at + 4, at + size))
      at += size
    } else throw new CommandError('Location40432', `Unknown section kind ${kind}`)
  }
  if (body === undefined) throw new CommandError('Location40587', 'OP_MSG messages must have a body')
  requireDistinct(body, sequences)
  return { body, sequences }
}

/** bulkWrite sends two, `ops` and `nsInfo`; no command takes more. */
const sequencesMax = 2

function sectionSize(frame: Uint8Array, at: number, end: number): number {
  const size = at + 4 <= end ? readInt32(frame, at) : 0
  if (size < 5 || size > end - at) {
    throw new CommandError('InvalidLength', `a document sequence of ${size} bytes does not fit into its message`)
  }
  return size
}

function decodeSequence(frame: Uint8Array, start: number, end: number): DocumentSequence {
  const { text: identifier, next } = decodeName(frame, start, end)
  const documents: Uint8Array[] = []
  for (let at = next; at < end;) {
    const document = decodeDocument(frame, at, end)
    documents.push(document)
    at += document.length
  }
  return { identifier, documents }
}

/** A cstring at `at`, and the offset behind its 00. */
function decodeName(frame: Uint8Array, at: number, end: number): { text: string; next: number } {
  const stop = frame.indexOf(0, at)
  if (stop < 0 || stop >= end) throw new CommandError('InvalidLength', 'a name does not end within its message')
  return { text: decodeUtf8(frame, at, stop), next: stop + 1 }
}

function requireDistinct(body: Uint8Array, sequences: readonly DocumentSequence[]): void {
  for (const [index, { identifier }] of sequences.entries()) {
    if (sequences.findIndex(other => other.identifier === identifier) !== index) {
      throw new CommandError('Location40431', `Duplicate document sequence: ${identifier}`)
    }
    if (getField(body, identifier) !== undefined) {
      throw new CommandError('Location40433', `Duplicate field between body and document sequence ${identifier}`)
    }
  }
}

/** The document that begins at `at`, checked, as a view of `frame`. */
function decodeDocument(frame: Uint8Array, at: number, end: number): Uint8Array {
  const length = at + 4 <= end ? readInt32(frame, at) : 0
  if (length > documentBytesInternalMax) {
    throw new CommandError(
      'BSONObjectTooLarge',
      `BSONObj size: ${length} (0x${length.toString(16)}) is invalid. ` +
        `Size must be between 0 and ${documentBytesInternalMax}(16MB)`,
    )
  }
  if (length < 5 || length > end - at) {
    throw new CommandError('InvalidBSON', `a document of ${length} bytes does not fit into its message`)
  }
  validateDocument(frame, at, at + length)
  return frame.subarray(at, at + length)
}

function decodeQuery(frame: Uint8Array): Contents {
  const { text: target, next } = decodeName(frame, headerBytes + 4, frame.length)
  const command = '.$cmd'
  const document = target.endsWith(command) ? decodeDocument(frame, next + 8, frame.length) : undefined
  const name = document && firstElement(documentValue(document))?.[0]
  if (document === undefined || name === undefined || !queryCommands.has(name)) {
    throw new CommandError(
      'UnsupportedOpQueryCommand',
      `Unsupported OP_QUERY command: ${name ?? target}. The client driver may require an upgrade. ` +
        'For more details see https://dochub.mongodb.org/core/legacy-opcode-removal',
    )
  }
  const writer = new BsonWriter(document.length + target.length + 16)
  writer.elements(document, 4, document.length - 1)
  if (getField(document, '$db') === undefined) writer.string('$db', target.slice(0, -command.length))
  return { body: writer.finish(), sequences: [] }
}

/** What may still come as a query: a driver that does not know the server yet. */
const queryCommands: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster'])

/** Where a reply goes, and what its header says. */
export interface ReplyHead {
  /** The request's: it decides the reply's form, and whether it carries a checksum. */
  readonly envelope: Envelope
  readonly requestId: number
  /** The request's requestId; for a further reply of an exhaust command that of the reply before. */
  readonly responseTo: number
  /** Another reply follows that nobody asks for. Never for a query. */
  readonly moreToCome: boolean
}

/** A reply's document, and how many bytes in front of it, in its buffer, the head of the message may be written into. */
export interface ReplyDocument {
  readonly document: Uint8Array
  /** 0 when it is not given. */
  readonly room?: number
}

/** A reply as the parts to be sent one behind the other: one part where there is room for the head. Nothing is copied. */
export function encodeReply({ document, room = 0 }: ReplyDocument, head: ReplyHead): Uint8Array[] {
  const isQuery = head.envelope.kind === 'query'
  const headBytes = headerBytes + (isQuery ? 20 : 5)
  const hasChecksum = (head.envelope.flags & checksumPresent) !== 0
  const { length } = document
  const isWhole = room >= headBytes
  const bytes = isWhole
    ? Buffer.from(document.buffer, document.byteOffset - headBytes, headBytes + length)
    : Buffer.allocUnsafe(headBytes)
  writeInt32(bytes, 0, headBytes + length + (hasChecksum ? checksumBytes : 0))
  writeInt32(bytes, 4, head.requestId)
  writeInt32(bytes, 8, head.responseTo)
  writeInt32(bytes, 12, isQuery ? OpCode.reply : OpCode.msg)
  if (isQuery) {
    bytes.fill(0, headerBytes, headBytes)
    writeInt32(bytes, headerBytes, awaitCapable)
    writeInt32(bytes, headerBytes + 16, 1)
  } else {
    writeInt32(bytes, headerBytes, (hasChecksum ? checksumPresent : 0) | (head.moreToCome ? moreToCome : 0))
    bytes[headerBytes + 4] = 0
  }
  const parts = isWhole ? [bytes] : [bytes, document]
  if (hasChecksum) parts.push(checksumOf(parts))
  return parts
}

function checksumOf(parts: readonly Uint8Array[]): Uint8Array {
  const checksum = Buffer.allocUnsafe(checksumBytes)
  writeInt32(
    checksum,
    0,
    parts.reduce((sum, part) => crc32c(part, sum), 0),
  )
  return checksum
}
