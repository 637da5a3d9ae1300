import { expect, test } from 'vitest'
import { zstdBytesBound } from './zstd-bound.ts'

type Block = readonly [type: 'raw' | 'run' | 'packed', size: number]

/** A frame whose blocks hold nothing sensible. `descriptor` decides which heads stand before and behind them. */
function zstdFrame(blocks: readonly Block[], { descriptor = 0x20, headBytes = 1, tailBytes = 0 } = {}): Buffer {
  const parts = blocks.map(([type, size], index) => {
    const head = Buffer.alloc(3)
    const last = index === blocks.length - 1 ? 1 : 0
    head.writeUIntLE((size << 3) | (['raw', 'run', 'packed'].indexOf(type) << 1) | last, 0, 3)
    return Buffer.concat([head, Buffer.alloc(type === 'run' ? 1 : size)])
  })
  const head = [Buffer.from('28b52ffd', 'hex'), Buffer.of(descriptor), Buffer.alloc(headBytes)]
  return Buffer.concat([...head, ...parts, Buffer.alloc(tailBytes)])
}

const bomb = zstdFrame(Array.from({ length: 1000 }, () => ['run', 131_072] as const))

test.each([
  ['a raw block', zstdFrame([['raw', 100]]), 100],
  ['a run', zstdFrame([['run', 100]]), 100],
  ['a packed block, which may be full', zstdFrame([['packed', 10]]), 131_072],
  [
    'several blocks',
    zstdFrame([
      ['raw', 1],
      ['run', 5],
      ['packed', 3],
    ]),
    131_078,
  ],
  ['a window instead of a content size', zstdFrame([['raw', 7]], { descriptor: 0 }), 7],
  ['a window and a content size of 4 bytes', zstdFrame([['raw', 7]], { descriptor: 0x80, headBytes: 5 }), 7],
  ['a content size of 8 bytes and a dictionary of 4', zstdFrame([['raw', 7]], { descriptor: 0xe3, headBytes: 12 }), 7],
  ['a checksum', zstdFrame([['raw', 7]], { descriptor: 0x24, tailBytes: 4 }), 7],
  ['two frames', Buffer.concat([zstdFrame([['raw', 7]]), zstdFrame([['run', 8]])]), 15],
  ['a bomb of 4 KB', bomb, 131_072_000],
])('%s cannot become more than it says', (_, bytes, bound) => {
  expect(zstdBytesBound(bytes)).toBe(bound)
})

test.each([
  ['anything', Buffer.from('what is this?')],
  ['too little', Buffer.from('28b52f', 'hex')],
  ['a frame without blocks', zstdFrame([])],
  ['half a block', zstdFrame([['raw', 100]]).subarray(0, -1)],
  ['half a checksum', zstdFrame([['raw', 7]], { descriptor: 0x24, tailBytes: 3 })],
  ['a frame and something', Buffer.concat([zstdFrame([['raw', 7]]), Buffer.of(0)])],
])('%s is no zstd stream', (_, bytes) => {
  expect(() => zstdBytesBound(bytes)).toThrow('not a zstd stream')
})
