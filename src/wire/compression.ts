/**
 * OP_COMPRESSED: a message inside a message, packed by a compressor that both sides have. zlib is always there; snappy
 * and zstd are where their modules can be loaded.
 *
 *   header, opCode 2012 | opCode of the message inside int32 | size int32 | compressor uint8 | packed bytes
 *
 * `size` is what the message inside takes without a header; its header is the outer one with its own length and opCode.
 * Nothing is believed of `size` but that unpacking has to end there: the memory it takes grows with what is unpacked.
 *
 * Source: MongoDB specifications, "OP_COMPRESSED".
 */
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { CommandError } from '../base/errors.ts'
import { messageBytesMax } from '../base/limits.ts'
import { readInt32, writeInt32 } from '../bson/bytes.ts'
import { headerBytes, OpCode, opCodeOf } from './message.ts'
import { zstdBytesBound } from './zstd-bound.ts'

const packedStart = headerBytes + 9

/** Under this many bytes a reply is sent as it is: it fits into one packet either way. Plain replies are always legal. */
const packedBytesMin = 512

/** Above this many bytes, packed or not, the work is done by another thread; below, asking one costs more. */
const offThreadBytesMin = 64 * 1024

interface Compressor {
  readonly id: number
  readonly name: string
  pack(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** At most `size` bytes, or an error of its own. */
  unpack(bytes: Uint8Array, size: number): Uint8Array | Promise<Uint8Array>
}

/** What this process can pack and unpack. */
export class Compressors {
  readonly #byId: ReadonlyMap<number, Compressor>

  constructor(compressors: readonly Compressor[]) {
    this.#byId = new Map(compressors.map(compressor => [compressor.id, compressor]))
  }

  /** What hello may offer, in no order. */
  get names(): string[] {
    return [...this.#byId.values()].map(({ name }) => name).filter(name => name !== noop.name)
  }

  /**
   * The plain frame inside a compressed one.
   *
   * @throws CommandError, always one that ends the connection.
   */
  async unwrap(frame: Uint8Array): Promise<Uint8Array> {
    if (frame.length < packedStart) throw new CommandError('ProtocolError', 'the compressed message ends in its head')
    const size = readInt32(frame, headerBytes + 4)
    if (size < 0 || size > messageBytesMax - headerBytes) {
      throw new CommandError('ProtocolError', `a compressed message says that it holds ${size} bytes`)
    }
    const compressor = this.#get(compressorIdOf(frame))
    const unpacked = await compressor.unpack(frame.subarray(packedStart), size)
    if (unpacked.length !== size) {
      throw new CommandError('ProtocolError', `a compressed message holds ${unpacked.length} bytes and said ${size}`)
    }
    const plain = Buffer.allocUnsafe(headerBytes + size)
    plain.set(frame.subarray(0, headerBytes))
    writeInt32(plain, 0, plain.length)
    writeInt32(plain, 12, readInt32(frame, headerBytes))
    plain.set(unpacked, headerBytes)
    return plain
  }

  /** `parts` (a whole reply as encodeReply gave it) packed by the request's compressor; as they are when too small. */
  async wrap(parts: Uint8Array[], compressorId: number): Promise<Uint8Array[]> {
    const plain = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
    if (plain.length < packedBytesMin) return parts
    const packed = await this.#get(compressorId).pack(plain.subarray(headerBytes))
    const head = Buffer.allocUnsafe(packedStart)
    head.set(plain.subarray(0, headerBytes))
    writeInt32(head, 0, packedStart + packed.length)
    writeInt32(head, 12, OpCode.compressed)
    writeInt32(head, headerBytes, opCodeOf(plain))
    writeInt32(head, headerBytes + 4, plain.length - headerBytes)
    head[headerBytes + 8] = compressorId
    return [head, packed]
  }

  #get(id: number): Compressor {
    const compressor = this.#byId.get(id)
    if (compressor === undefined) throw new CommandError('ProtocolError', `the compressor ${id} was not agreed on`)
    return compressor
  }
}

/** Whether a frame, which is at least a header long, is packed. */
export const isCompressed = (frame: Uint8Array): boolean => opCodeOf(frame) === OpCode.compressed

/** The number of the compressor that packed a frame. */
export const compressorIdOf = (frame: Uint8Array): number => frame[packedStart - 1] as number

/** Whether a command's reply may be packed at all. Never those that carry secrets, or come before an agreement. */
export const isCompressible = (commandName: string): boolean => !plainCommands.has(commandName)

const plainCommands: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'saslStart',
  'saslContinue',
  'getnonce',
  'authenticate',
  'createUser',
  'updateUser',
  'copydbSaslStart',
  'copydbgetnonce',
  'copydb',
])

/** Looks once for what can be loaded here. */
export async function loadCompressors(): Promise<Compressors> {
  const optional = await Promise.all([loadSnappy(), loadZstd()])
  return new Compressors([noop, zlibCompressor, ...optional.filter(compressor => compressor !== undefined)])
}

/** Packs nothing. Never offered; clients use it for tests. */
const noop: Compressor = { id: 0, name: 'noop', pack: bytes => bytes, unpack: bytes => bytes }

/** A library's own error means that the bytes are not what they are said to be. */
async function orProtocolError(unpack: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await unpack()
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw new CommandError('ProtocolError', 'a compressed message cannot be unpacked', { cause })
  }
}

/** zlib and zstd share these: output is collected in pieces, and nothing is made beyond `maxOutputLength`. */
const unpackOptions = (size: number) => ({
  maxOutputLength: Math.max(size, 1),
  chunkSize: Math.min(Math.max(size, 64), offThreadBytesMin),
})

const deflateAside = promisify<Uint8Array, Buffer>(zlib.deflate)
const inflateAside = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate)

const zlibCompressor: Compressor = {
  id: 2,
  name: 'zlib',
  pack: bytes => (bytes.length < offThreadBytesMin ? zlib.deflateSync(bytes) : deflateAside(bytes)),
  unpack: (bytes, size) =>
    orProtocolError(() =>
      size < offThreadBytesMin
        ? zlib.inflateSync(bytes, unpackOptions(size))
        : inflateAside(bytes, unpackOptions(size)),
    ),
}

/** The longest copy makes 64 bytes of 3, so an honest `size` is below this many times the packed bytes. */
const snappyRatioMax = 22

async function loadSnappy(): Promise<Compressor | undefined> {
  const snappy = await importOptional<typeof import('snappy')>('snappy')
  if (snappy === undefined) return undefined
  return {
    id: 1,
    name: 'snappy',
    pack: bytes => (bytes.length < offThreadBytesMin ? snappy.compressSync(bytes) : snappy.compress(bytes)),
    unpack: (bytes, size) =>
      orProtocolError(async () => {
        // The library makes room for what the bytes say about themselves, before it looks at the rest of them.
        if (snappyBytes(bytes) !== size || size > bytes.length * snappyRatioMax) throw new RangeError('a lying length')
        const unpacked =
          size < offThreadBytesMin
            ? snappy.uncompressSync(bytes, { asBuffer: true })
            : await snappy.uncompress(bytes, { asBuffer: true })
        return unpacked as Buffer
      }),
  }
}

/** The varint that snappy's block format begins with: the unpacked length. NaN when it is none. */
function snappyBytes(bytes: Uint8Array): number {
  let length = 0
  for (let index = 0; index < 5; index++) {
    const byte = bytes[index] ?? NaN
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  return NaN
}

/** What Node has had since 22.15, and what its older types do not know yet. */
interface NativeZstd {
  readonly zstdCompressSync: (bytes: Uint8Array) => Buffer
  readonly zstdDecompressSync: (bytes: Uint8Array, options: object) => Buffer
  readonly zstdCompress: (bytes: Uint8Array, done: Done) => void
  readonly zstdDecompress: (bytes: Uint8Array, options: object, done: Done) => void
}

type Done = (error: Error | null, result: Buffer) => void

interface ZstdModule {
  compress(bytes: Uint8Array): Promise<Uint8Array>
  decompress(bytes: Uint8Array): Promise<Uint8Array>
}

async function loadZstd(): Promise<Compressor | undefined> {
  if ('zstdCompressSync' in zlib) return nativeZstd(zlib as typeof zlib & NativeZstd)
  const zstd = await importOptional<ZstdModule>('@mongodb-js/zstd')
  if (zstd === undefined) return undefined
  return {
    id: 3,
    name: 'zstd',
    pack: bytes => zstd.compress(bytes),
    unpack: (bytes, size) =>
      orProtocolError(() => {
        // It takes no limit. An encoder may leave its blocks partly full, hence the room for more than was said.
        if (zstdBytesBound(bytes) > 4 * size + 1024 * 1024) throw new RangeError('a lying length')
        return zstd.decompress(bytes)
      }),
  }
}

function nativeZstd(native: NativeZstd): Compressor {
  const compressAside = promisify<Uint8Array, Buffer>(native.zstdCompress)
  const decompressAside = promisify<Uint8Array, object, Buffer>(native.zstdDecompress)
  return {
    id: 3,
    name: 'zstd',
    pack: bytes => (bytes.length < offThreadBytesMin ? native.zstdCompressSync(bytes) : compressAside(bytes)),
    unpack: (bytes, size) =>
      orProtocolError(() =>
        size < offThreadBytesMin
          ? native.zstdDecompressSync(bytes, unpackOptions(size))
          : decompressAside(bytes, unpackOptions(size)),
      ),
  }
}

/** A module that need not be installed, nor fit this machine; undefined then. */
async function importOptional<Module>(name: string): Promise<Module | undefined> {
  try {
    return (await import(name)) as Module
  } catch {
    return undefined
  }
}
