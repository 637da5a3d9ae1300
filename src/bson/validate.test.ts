import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { serialize } from 'bson'
import { documentDepthMax } from '../base/limits.ts'
import { arbitraryDocument } from './arbitrary.suite.ts'
import { decimalText, parseDecimal } from './decimal-convert.ts'
import { decodeDecimal } from './decimal.ts'
import { firstElement } from './reader.ts'
import { validateDocument } from './validate.ts'
import { documentValue } from './value.ts'

const validate = (bytes: Uint8Array) => validateDocument(bytes, 0, bytes.length)
const codeNameOf = (bytes: Uint8Array) => {
  try {
    validate(bytes)
    return 'valid'
  } catch (error) {
    return (error as { codeName: string }).codeName
  }
}

/** `{ a: <value> }`; the value may be anything. */
function withValue(type: number, value: Uint8Array): Uint8Array {
  const bytes = Buffer.concat([Uint8Array.of(0, 0, 0, 0, type, 0x61, 0), value, Uint8Array.of(0)])
  bytes.writeInt32LE(bytes.length, 0)
  return bytes
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('whatever the bson package writes is valid', () => {
  fc.assert(
    fc.property(arbitraryDocument, document => validate(document)),
    { numRuns: 1000 },
  )
})

test('a document in the middle of a buffer is held against its own bounds', () => {
  const document = serialize({ a: [1, { b: 'x' }] })
  const around = Buffer.concat([Buffer.alloc(3, 0xff), document, Buffer.alloc(3, 0xff)])
  validateDocument(around, 3, 3 + document.length)
  expect(() => validateDocument(around, 3, 4 + document.length)).toThrow()
  expect(() => validateDocument(around, 3, 2 + document.length)).toThrow()
  expect(() => validateDocument(document, 0, document.length + 1)).toThrow()
})

test('no document that was cut off is valid', () => {
  fc.assert(
    fc.property(arbitraryDocument, fc.nat(), (document, cut) => {
      const short = Buffer.from(document.subarray(0, cut % document.length))
      if (short.length >= 4) short.writeInt32LE(short.length, 0)
      const found = codeNameOf(short)
      // Cut exactly between two elements, with a 00 as the last byte, it may be a whole document again.
      if (short.at(-1) !== 0 || short.length < 5) expect(found).toBe('InvalidBSON')
      else expect(['InvalidBSON', 'valid']).toContain(found)
    }),
    { numRuns: 1000 },
  )
})

test('one wrong byte gives a document or a refusal, nothing else', () => {
  fc.assert(
    fc.property(arbitraryDocument, fc.nat(), fc.nat(255), (document, place, byte) => {
      const changed = Buffer.from(document)
      changed[place % changed.length] = byte
      expect(['valid', 'InvalidBSON', 'Overflow']).toContain(codeNameOf(changed))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['a boolean of 2', 0x08, '02'],
  ['a string whose length is zero', 0x02, '00000000 00'],
  ['a string without its 00', 0x02, '02000000 6162'],
  ['a string that is longer than the document', 0x02, '05000000 6100'],
  ['a string of the largest length', 0x02, 'ffffff7f 6100'],
  ['a binary of negative length', 0x05, 'ffffffff 00'],
  ['an old binary whose inner length is wrong', 0x05, '05000000 02 02000000 00'],
  ['an old binary without its inner length', 0x05, '03000000 02 000000'],
  ['a document of length 4', 0x03, '04000000'],
  ['a document that ends with 01', 0x03, '05000000 01'],
  ['a document that reaches past the outer one', 0x03, '07000000 00'],
  ['an array that reaches past the document', 0x04, '07000000 00'],
  ['a regular expression without options', 0x0b, '6100'],
  ['a pattern that is not UTF-8', 0x0b, 'ff00 00'],
  ['an int of three bytes', 0x10, '000000'],
  ['a double of seven bytes', 0x01, '00000000000000'],
  ['a decimal of fifteen bytes', 0x13, '000000000000000000000000000000'],
  ['an ObjectId of eleven bytes', 0x07, '0000000000000000000000'],
  ['a dbPointer of eleven bytes', 0x0c, '02000000 6100 0000000000000000000000'],
  ['a code with scope whose length is short', 0x0f, '0d000000 01000000 00 05000000 00'],
  ['a code with scope with bytes left over', 0x0f, '0f000000 01000000 00 05000000 00 00'],
  ['a type that is none', 0x14, ''],
  ['type 0', 0x00, ''],
])('%s is refused', (_what, type, value) => {
  expect(codeNameOf(withValue(type, hex(value)))).toBe('InvalidBSON')
})

test.each([
  ['undefined', 0x06, ''],
  ['dbPointer', 0x0c, '02000000 6100 000000000000000000000000'],
  ['symbol', 0x0e, '02000000 6100'],
  ['an old binary', 0x05, '05000000 02 01000000 00'],
  ['code with scope', 0x0f, '0e000000 01000000 00 05000000 00'],
  ['a string with 00 in it', 0x02, '03000000 000000'],
])('%s is valid', (_what, type, value) => {
  validate(withValue(type, hex(value)))
})

test.each([
  ['an overlong slash', 'c0af', false],
  ['an overlong three-byte form', 'e09fbf', false],
  ['an overlong four-byte form', 'f08fbfbf', false],
  ['a surrogate', 'eda080', false],
  ['past 10FFFF', 'f4908080', false],
  ['a first byte of f5', 'f5808080', false],
  ['a lone continuation', '80', false],
  ['a cut-off character', 'e282', false],
  ['the highest character', 'f48fbfbf', true],
  ['the characters around the surrogates', 'ed9fbfee8080', true],
  ['two, three and four bytes', 'c3a9e282acf09f9880', true],
])('%s: %s is UTF-8: %s, short or long, in a name or a string', (_what, text, isUtf8) => {
  for (const padding of [0, 1, 40, 300]) {
    const bytes = Buffer.concat([Buffer.alloc(padding, 0x61), hex(text), Buffer.alloc(padding, 0x62)])
    const length = Buffer.alloc(4)
    length.writeInt32LE(bytes.length + 1)
    const asString = withValue(0x02, Buffer.concat([length, bytes, Uint8Array.of(0)]))
    const asName = withValue(0x0a, Buffer.concat([Uint8Array.of(0x0a), bytes, Uint8Array.of(0)]))
    expect(codeNameOf(asString)).toBe(isUtf8 ? 'valid' : 'InvalidBSON')
    expect(codeNameOf(asName)).toBe(isUtf8 ? 'valid' : 'InvalidBSON')
  }
})

test('every text of Unicode is UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text =>
      validate(serialize({ text, [`x${text.replaceAll('\0', '')}`]: 1 })),
    ),
    { numRuns: 500 },
  )
})

test(`documents nest ${documentDepthMax} levels deep, and no deeper`, () => {
  const nested = (levels: number) => {
    let value: unknown = 1
    for (let level = 2; level <= levels; level++) value = level % 2 === 0 ? { a: value } : [value]
    return serialize({ a: value })
  }
  expect(codeNameOf(nested(documentDepthMax))).toBe('valid')
  expect(codeNameOf(nested(documentDepthMax + 1))).toBe('Overflow')
  expect(() => validate(nested(documentDepthMax + 1))).toThrow(/exceeded maximum nesting depth/)
})

interface CorpusFile {
  readonly description: string
  readonly test_key?: string
  readonly valid?: readonly {
    readonly description: string
    readonly canonical_bson: string
    readonly canonical_extjson: string
  }[]
  readonly decodeErrors?: readonly { readonly description: string; readonly bson: string }[]
}

// The drivers' own corpus of BSON, where a copy of their specifications lies beside the repository.
const corpus = join(import.meta.dirname, '../../../shared/spec-tests/bson-corpus')
const hasCorpus = existsSync(corpus)

describe.skipIf(!hasCorpus)(`the drivers' corpus${hasCorpus ? '' : ` (skipped: there is no ${corpus})`}`, () => {
  const files = hasCorpus ? readdirSync(corpus).filter(file => file.endsWith('.json')) : []
  test.each(files)('%s', file => {
    const { valid = [], decodeErrors = [] } = JSON.parse(readFileSync(join(corpus, file), 'utf8')) as CorpusFile
    for (const { description, canonical_bson, canonical_extjson } of valid) {
      const bytes = Buffer.from(canonical_bson, 'hex')
      expect(codeNameOf(bytes), description).toBe('valid')
      const text = /"\$numberDecimal" ?: ?"([^"]*)"/.exec(canonical_extjson)?.[1]
      const [, value] = firstElement(documentValue(bytes)) ?? []
      if (!file.startsWith('decimal128') || text === undefined || value === undefined) continue
      expect(decimalText(decodeDecimal(value)), description).toBe(text)
      const parsed = parseDecimal(text)
      expect(parsed && decimalText(parsed), description).toBe(text)
    }
    for (const { description, bson } of decodeErrors) {
      expect(codeNameOf(Buffer.from(bson, 'hex')), description).toBe('InvalidBSON')
    }
  })
})
