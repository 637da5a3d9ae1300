import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { serialize } from 'bson'
import { describe, expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { compressorIdOf, isCompressed, isCompressible, loadCompressors } from './compression.ts'
import { decodeContents, decodeEnvelope, encodeReply, isConnectionFatal } from './message.ts'
import { compressed, frame, int32, msg, opCompressed } from './request.suite.ts'

const compressors = await loadCompressors()
const ids = { noop: 0, snappy: 1, zlib: 2, zstd: 3 }
const loaded = ['noop' as const, ...(compressors.names as ('snappy' | 'zlib' | 'zstd')[])]
const snappy = await import('snappy')

const packed = {
  noop: (bytes: Uint8Array) => bytes,
  zlib: (bytes: Uint8Array) => deflateSync(bytes),
  snappy: (bytes: Uint8Array) => snappy.compressSync(bytes),
}

async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return error.codeName + (isConnectionFatal(error) ? '!' : '')
  }
  return 'taken'
}

test('zlib and snappy are there, zstd where this Node or a package has it, and noop is not told', () => {
  expect(compressors.names).toEqual(expect.arrayContaining(['zlib', 'snappy']))
  expect(new Set([...compressors.names, 'zstd'])).toEqual(new Set(['zlib', 'snappy', 'zstd']))
})

describe.each(loaded)('%s', name => {
  test.each([
    ['a small reply', 2_000],
    ['a reply that another thread packs', 300_000],
  ])('unpacks what it packed: %s', async (_, textLength) => {
    const document = serialize({ text: 'tail race '.repeat(textLength / 10) })
    const envelope = decodeEnvelope(msg({ ping: 1 }, { flags: 1 }))
    const parts = encodeReply({ document }, { envelope, requestId: 3, responseTo: 7, moreToCome: false })
    const bytes = Buffer.concat(await compressors.wrap(parts, ids[name]))
    expect([isCompressed(bytes), compressorIdOf(bytes), bytes.readInt32LE(0)]).toEqual([true, ids[name], bytes.length])
    if (name !== 'noop') expect(bytes.length).toBeLessThan(document.length / 5)
    const plain = await compressors.unwrap(bytes)
    expect(Buffer.compare(plain, Buffer.concat(parts))).toBe(0)
    expect(Buffer.compare(decodeContents(plain, decodeEnvelope(plain)).body, document)).toBe(0)
  })

  test('unpacks random bytes to an error or to what they say, never to more', async () => {
    for (let run = 0; run < 300; run++) {
      const bytes = compressed(Buffer.concat([msg({ ping: 1 }), randomBytes(run)]), ids[name], randomBytes(run))
      expect(['taken', 'ProtocolError!']).toContain(await refusal(compressors.unwrap(bytes)))
    }
  })
})

describe.each(['noop', 'zlib', 'snappy'] as const)('%s', name => {
  const plain = msg({ insert: 'c', text: 'tail race '.repeat(500) })

  test('unpacks what a client packed', async () => {
    const bytes = compressed(plain, ids[name], packed[name](plain.subarray(16)))
    expect(await compressors.unwrap(bytes)).toEqual(plain)
  })

  test.each([-1, 1, -(2 ** 28), 2 ** 28])('refuses a message that lies about its size by %i', async sizeError => {
    const bytes = compressed(plain, ids[name], packed[name](plain.subarray(16)), { sizeError })
    expect(await refusal(compressors.unwrap(bytes))).toBe('ProtocolError!')
  })

  test('refuses a message that was cut', async () => {
    const bytes = compressed(plain, ids[name], packed[name](plain.subarray(16)).subarray(0, -3))
    expect(await refusal(compressors.unwrap(bytes))).toBe('ProtocolError!')
  })
})

test.each([
  ['a compressor that nobody knows', compressed(msg({ ping: 1 }), 77, Buffer.alloc(9))],
  ['half a head', frame(opCompressed, Buffer.alloc(8))],
  ['a size beyond any message', frame(opCompressed, Buffer.concat([int32(2013), int32(48_000_000), Buffer.of(0)]))],
])('%s ends the connection', async (_, bytes) => {
  expect(await refusal(compressors.unwrap(bytes))).toBe('ProtocolError!')
})

test.each([
  ['zlib', 2, deflateSync(Buffer.alloc(400_000_000))],
  ['snappy', 1, Buffer.concat([Buffer.from('ffffff15', 'hex'), Buffer.alloc(100)])],
])('a bomb packed by %s takes no more memory than it says it needs', async (_, id, bomb) => {
  const before = process.memoryUsage().arrayBuffers
  expect(await refusal(compressors.unwrap(compressed(Buffer.alloc(1016), id, bomb)))).toBe('ProtocolError!')
  const honest = compressed(Buffer.alloc(1016), id, bomb, { sizeError: 46_137_343 - 1000 })
  expect(await refusal(compressors.unwrap(honest))).toBe('ProtocolError!')
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000)
})

test('a reply that fits into one packet anyway is sent as it is', async () => {
  const envelope = decodeEnvelope(msg({ ping: 1 }))
  const parts = encodeReply(
    { document: serialize({ ok: 1 }) },
    { envelope, requestId: 3, responseTo: 7, moreToCome: false },
  )
  expect(await compressors.wrap(parts, 2)).toBe(parts)
})

test.each([
  ['ping', true],
  ['insert', true],
  ['hello', false],
  ['isMaster', false],
  ['saslStart', false],
  ['saslContinue', false],
  ['createUser', false],
])('whether the reply to %s may be packed: %s', (name, may) => {
  expect(isCompressible(name)).toBe(may)
})
