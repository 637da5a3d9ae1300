import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeName,
  readFloat64,
  readInt64,
  readInt64AsNumber,
  writeFloat64,
  writeInt64,
  writeNumberAsInt64,
} from './bytes.ts'

const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

function written(write: (bytes: Buffer) => unknown): string {
  const bytes = Buffer.alloc(10, 0xaa)
  write(bytes)
  return bytes.toString('hex')
}

test('an int64 is written and read as Buffer does it', () =>
  fc.assert(
    fc.property(int64, value => {
      const bytes = Buffer.alloc(9)
      bytes.writeBigInt64LE(value, 1)
      expect(written(to => writeInt64(to, 1, value))).toBe(written(to => to.writeBigInt64LE(value, 1)))
      expect(readInt64(bytes, 1)).toBe(value)
      expect(readInt64AsNumber(bytes, 1)).toBe(Number(value))
    }),
  ))

test('a number is written as the int64 that it is without what is behind the point', () =>
  fc.assert(
    fc.property(
      fc.oneof(finite, finite.map(Math.round), int64.map(Number), fc.constantFrom(-0, -0.5, -1, 2 ** 63)),
      value => {
        expect(written(to => writeNumberAsInt64(to, 1, value))).toBe(
          written(to => to.writeBigInt64LE(BigInt.asIntN(64, BigInt(Math.trunc(value))), 1)),
        )
      },
    ),
  ))

test('what is not finite is never written as an integer', () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    expect(() => writeNumberAsInt64(Buffer.alloc(8), 0, value)).toThrow('an integer is finite')
  }
})

test('a name is the text of its bytes, whichever names came before', () =>
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string(), fc.string({ unit: 'binary' }))),
      names => {
        // Twice, so that each is met again.
        for (const name of [...names, ...names]) {
          const bytes = Buffer.from(`-${name}-`)
          expect(decodeName(bytes, 1, bytes.length - 1)).toBe(bytes.toString('utf8', 1, bytes.length - 1))
        }
      },
    ),
  ))

test('names that share a place do not become each other', () => {
  const names = Array.from({ length: 5000 }, (_, index) => `field${index}`)
  for (const name of [...names, ...names.toReversed()]) {
    expect(decodeName(Buffer.from(name), 0, name.length)).toBe(name)
  }
})

test('a double is written and read as Buffer does it', () =>
  fc.assert(
    fc.property(fc.double(), value => {
      const bytes = Buffer.alloc(9)
      bytes.writeDoubleLE(value, 1)
      expect(written(to => writeFloat64(to, 1, value))).toBe(written(to => to.writeDoubleLE(value, 1)))
      expect(readFloat64(bytes, 1)).toBe(value)
    }),
  ))
