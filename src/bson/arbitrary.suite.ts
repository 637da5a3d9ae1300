/**
 * Random BSON for property tests: every type, values that are equal across types, and the numbers at which encodings change.
 *
 *   fc.assert(fc.property(arbitraryDocument, document => …))
 */
import * as fc from 'fast-check'
import {
  BSONRegExp,
  BSONSymbol,
  Binary,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  serialize,
} from 'bson'
import { arrayValue, documentOf, encodeValue, objectIdValue } from './encode.ts'
import { firstElement } from './reader.ts'
import { BsonType, Value, documentValue } from './value.ts'

/** `value` (of the `bson` package or plain) as a Value. */
export function valueOf(value: unknown): Value {
  const element = firstElement(documentValue(serialize({ '': value })))
  if (element === undefined) throw new TypeError('the bson package left the value out')
  return element[1]
}

export const undefinedValue = new Value(BsonType.undefined, new Uint8Array(0), 0, 0)

/** What the `bson` package cannot write any more. */
export function dbPointerValue(namespace: string, id: Uint8Array): Value {
  const text = encodeValue(namespace)
  const bytes = Buffer.concat([text.bytes.subarray(text.start, text.end), objectIdValue(id).bytes.subarray(0, 12)])
  return new Value(BsonType.dbPointer, bytes, 0, bytes.length)
}

const smallInteger = fc.integer({ min: -3, max: 3 })
const powerOfTwo = fc
  .integer({ min: 0, max: 63 })
  .chain(power =>
    fc.tuple(fc.constantFrom(-1n, 1n), fc.bigInt(-2n, 2n)).map(([sign, near]) => sign * (2n ** BigInt(power) + near)),
  )
const integer64 = fc
  .oneof(powerOfTwo, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
  .map(integer => BigInt.asIntN(64, integer))

/** Doubles of all sizes, and those at which something changes. */
export const arbitraryDoubleNumber: fc.Arbitrary<number> = fc.oneof(
  smallInteger,
  fc.integer({ min: -64, max: 64 }).map(eighths => eighths / 8),
  powerOfTwo.map(Number),
  fc.integer({ min: -1074, max: 1023 }).map(power => 2 ** power),
  fc.double(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 0.1, 1.1, 2 ** -255, 2 ** -1022, Number.MAX_VALUE, Number.MIN_VALUE),
)

const digits = (countMax: number) => fc.bigInt(-(10n ** BigInt(countMax)) + 1n, 10n ** BigInt(countMax) - 1n)

/** The text of a decimal, the places where KeyString changes its form included. */
export const arbitraryDecimalText: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(digits(2), fc.integer({ min: -2, max: 1 })).map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  fc
    .tuple(digits(34), fc.integer({ min: -40, max: 10 }))
    .map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  fc
    .tuple(digits(34), fc.integer({ min: -6176, max: 6080 }))
    .map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  fc
    .tuple(digits(34), fc.integer({ min: -345, max: -270 }))
    .map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  fc.tuple(digits(17), fc.integer({ min: -20, max: 3 })).map(([coefficient, exponent]) => `${coefficient}E${exponent}`),
  integer64.map(String),
  fc.tuple(integer64, fc.nat(9)).map(([whole, tenth]) => `${whole}.${tenth}`),
  arbitraryDoubleNumber.filter(double => Number.isFinite(double)).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '0.00',
    '-0E+10',
    '0E-6176',
    '0E+6111',
    'NaN',
    'Infinity',
    '-Infinity',
    '1',
    '1.0',
    '1.00',
  ),
)

const int32Number = fc.oneof(smallInteger, fc.integer(), fc.constantFrom(-0x8000_0000, 0x7fff_ffff, 127, 128, 32_768))

/** A number of the `bson` package. */
const bsonNumber: fc.Arbitrary<unknown> = fc.oneof(
  int32Number.map(int => new Int32(int)),
  fc.oneof(smallInteger.map(BigInt), integer64).map(long => Long.fromBigInt(long)),
  arbitraryDoubleNumber.map(double => new Double(double)),
  arbitraryDecimalText.map(text => Decimal128.fromStringWithRounding(text)),
)

const character = fc.constantFrom('a', 'b', 'A', 'é', '\0', '\x01', '\x02', '日', '😀', '\uffff', ' ')
const text = fc.oneof(fc.string({ unit: character, maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 60 }))
const name = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\x01', '😀'), maxLength: 2 })
const patternText = fc.string({ unit: fc.constantFrom('a', '.', '*', 'é'), maxLength: 3 })
const twelveBytes = fc.uint8Array({ minLength: 12, maxLength: 12 })
const fourBytes = fc.oneof(fc.nat(2), fc.nat(0xffff_ffff))

const bsonLeaf: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: bsonNumber },
  { weight: 3, arbitrary: text },
  text.map(symbol => new BSONSymbol(symbol)),
  fc
    .tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(0, 3, 4, 5, 6, 128))
    .map(([content, subtype]) => new Binary(content, subtype)),
  fc.integer({ min: 253, max: 257 }).map(length => new Binary(new Uint8Array(length).fill(7), 0)),
  twelveBytes.map(id => new ObjectId(id)),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }).map(ms => new Date(ms)),
  fc.date({ noInvalidDate: true }),
  fc.tuple(fourBytes, fourBytes).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(patternText, fc.constantFrom('', 'i', 'im')).map(([pattern, options]) => new BSONRegExp(pattern, options)),
  text.map(code => new Code(code)),
  fc.constant(null),
  fc.constant(new MinKey()),
  fc.constant(new MaxKey()),
)

const { tree: bsonTree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: bsonLeaf },
    fc
      .uniqueArray(fc.tuple(name, tie('tree')), { maxLength: 4, selector: ([key]) => key })
      .map(entries => new Map(entries)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.tuple(patternText, tie('tree')).map(([code, scope]) => new Code(code, { scope })),
  ),
}))

/** A document as the `bson` package writes it, exactly its bytes. */
export const arbitraryDocument: fc.Arbitrary<Uint8Array> = fc
  .uniqueArray(fc.tuple(name, bsonTree), { maxLength: 5, selector: ([key]) => key })
  .map(entries => serialize(new Map(entries)))

/** A number of any of the four types. */
export const arbitraryNumber: fc.Arbitrary<Value> = bsonNumber.map(valueOf)

const rareLeaf: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(undefinedValue),
  fc.tuple(patternText, twelveBytes).map(([namespace, id]) => dbPointerValue(namespace, id)),
)

/** A value of any type, those that only old clients send included. Never missing. */
export const { tree: arbitraryValue } = fc.letrec<{ tree: Value }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: bsonTree.map(valueOf) },
    { weight: 1, arbitrary: rareLeaf },
    fc.uniqueArray(fc.tuple(name, tie('tree')), { maxLength: 3, selector: ([key]) => key }).map(documentOf),
    fc.array(tie('tree'), { maxLength: 3 }).map(arrayValue),
  ),
}))
