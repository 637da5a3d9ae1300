/** What a client puts on the wire, for the tests: right by default, and wrong in any place on request. */
import { type Document, serialize } from 'bson'
import { crc32c } from './crc32c.ts'

export const opMsg = 2013
export const opQuery = 2004
export const opCompressed = 2012

/** Any message: the length is what it is unless told otherwise. */
export function frame(
  opCode: number,
  content: Uint8Array,
  { requestId = 7, responseTo = 0, length = 16 + content.length } = {},
): Buffer {
  const bytes = Buffer.alloc(16 + content.length)
  bytes.writeInt32LE(length, 0)
  bytes.writeInt32LE(requestId, 4)
  bytes.writeInt32LE(responseTo, 8)
  bytes.writeInt32LE(opCode, 12)
  bytes.set(content, 16)
  return bytes
}

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

export const bodySection = (document: Document | Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(0), document instanceof Uint8Array ? document : serialize(document)])

export function sequenceSection(
  identifier: string,
  documents: readonly (Document | Uint8Array)[],
  { sizeError = 0 } = {},
): Buffer {
  const content = Buffer.concat([
    Buffer.from(`${identifier}\0`),
    ...documents.map(document => (document instanceof Uint8Array ? document : serialize(document))),
  ])
  return Buffer.concat([Buffer.of(1), int32(content.length + 4 + sizeError), content])
}

export interface MsgOptions {
  flags?: number
  requestId?: number
}

/** An OP_MSG of ready sections. With flag 0 it gets its checksum. */
export function msgOf(sections: readonly Uint8Array[], { flags = 0, requestId = 7 }: MsgOptions = {}): Buffer {
  const content = [int32(flags | 0), ...sections, ...((flags & 1) === 1 ? [int32(0)] : [])]
  const bytes = frame(opMsg, Buffer.concat(content), { requestId })
  if ((flags & 1) === 1) bytes.writeUInt32LE(crc32c(bytes, 0, { end: bytes.length - 4 }), bytes.length - 4)
  return bytes
}

/** An OP_MSG of one command. */
export const msg = (command: Document, options?: MsgOptions): Buffer =>
  msgOf([bodySection({ ...command, $db: 'test' })], options)

/** An OP_QUERY on `<db>.$cmd`. */
export function query(command: Document, { target = 'admin.$cmd', requestId = 7 } = {}): Buffer {
  const content = [int32(0), Buffer.from(`${target}\0`), int32(0), int32(-1), serialize(command)]
  return frame(opQuery, Buffer.concat(content), { requestId })
}

/** `plain` (a whole message) around the packed form of what stands behind its header. */
export function compressed(plain: Buffer, compressorId: number, packed: Uint8Array, { sizeError = 0 } = {}): Buffer {
  const head = [plain.subarray(12, 16), int32(plain.length - 16 + sizeError), Buffer.of(compressorId)]
  return frame(opCompressed, Buffer.concat([...head, packed]), { requestId: plain.readInt32LE(4) })
}
