/** Values in other types, and what type they have. */
import { BSONRegExp, Binary, MaxKey, ObjectId, Timestamp, UUID } from 'bson'
import { describe, expect, test } from 'vitest'
import { decimal, double, gives, int, long, missing, plain, refuses, run, valueOf } from './tables.suite.ts'

const id = new ObjectId('65a000000000000000000001')
const date = new Date('2018-03-27T16:58:51.538Z')
const uuid = '867dee52-c331-484e-92d1-c56479b8e67e'
const bytes = (...content: number[]): Binary => new Binary(Uint8Array.from(content))
const convert = (input: unknown, to: unknown, more: object = {}): object => ({ $convert: { input, to, ...more } })

describe('bool', () =>
  gives([
    [{ $toBool: int(0) }, false],
    [{ $toBool: double(-0) }, false],
    [{ $toBool: double(NaN) }, true],
    [{ $toBool: decimal('0E+3') }, false],
    [{ $toBool: decimal('0.1') }, true],
    [{ $toBool: long(2) }, true],
    [{ $toBool: '' }, true],
    [{ $toBool: 'false' }, true],
    [{ $toBool: { $literal: {} } }, true],
    [{ $toBool: [[]] }, true],
    [{ $toBool: id }, true],
    [{ $toBool: new Timestamp({ t: 0, i: 0 }) }, true],
    [{ $toBool: new MaxKey() }, true],
    [{ $toBool: false }, false],
    [{ $toBool: null }, null],
    [{ $toBool: '$nothing' }, null],
  ]))

describe('int and long', () => {
  gives([
    [{ $toInt: double(2.9) }, int(2)],
    [{ $toInt: double(-2.9) }, int(-2)],
    [{ $toInt: double(-2147483648) }, int(-2147483648)],
    [{ $toInt: decimal('-5.9') }, int(-5)],
    [{ $toInt: decimal('2E+3') }, int(2000)],
    [{ $toInt: long(7) }, int(7)],
    [{ $toInt: true }, int(1)],
    [{ $toInt: '-12' }, int(-12)],
    [{ $toInt: '+007' }, int(7)],
    [{ $toInt: ['5'] }, int(5)],
    [{ $toLong: '9223372036854775807' }, long('9223372036854775807')],
    [{ $toLong: double(2 ** 62) }, long('4611686018427387904')],
    [{ $toLong: decimal('9223372036854775807.9') }, long('9223372036854775807')],
    [{ $toLong: date }, long(date.getTime())],
    [{ $toLong: false }, long(0)],
    [{ $toLong: null }, null],
  ])
  refuses(
    [
      { $toInt: double(2147483648) },
      { $toInt: long('2147483648') },
      { $toInt: decimal('1E+6000') },
      { $toInt: double(NaN) },
      { $toInt: double(-Infinity) },
      { $toInt: decimal('NaN') },
      { $toInt: '2147483648' },
      { $toInt: '1.5' },
      { $toInt: '0x1A' },
      { $toInt: '' },
      { $toInt: ' 1' },
      { $toInt: '-' },
      { $toInt: '9'.repeat(1000) },
      { $toInt: date },
      { $toInt: id },
      { $toLong: double(2 ** 63) },
      { $toLong: { $literal: {} } },
    ].map(spec => [spec, 'ConversionFailure'] as const),
  )
  refuses([
    [{ $toInt: [1, 2] }, 'Location50723'],
    [{ $toInt: [] }, 'Location50723'],
  ])
})

describe('double and decimal', () => {
  gives([
    [{ $toDouble: int(3) }, double(3)],
    [{ $toDouble: decimal('0.1') }, double(0.1)],
    [{ $toDouble: decimal('Infinity') }, double(Infinity)],
    [{ $toDouble: true }, double(1)],
    [{ $toDouble: '-5.5e2' }, double(-550)],
    [{ $toDouble: '.5' }, double(0.5)],
    [{ $toDouble: 'inf' }, double(Infinity)],
    [{ $toDouble: date }, double(date.getTime())],
    [{ $toDecimal: double(2.5) }, decimal('2.50000000000000')],
    [{ $toDecimal: int(-7) }, decimal('-7')],
    [{ $toDecimal: '1.10' }, decimal('1.10')],
    [{ $toDecimal: true }, decimal('1')],
    [{ $toDecimal: date }, decimal(String(date.getTime()))],
  ])
  refuses(
    [
      { $toDouble: decimal('1E+400') },
      { $toDouble: '1e400' },
      { $toDouble: 'abc' },
      { $toDouble: '1.5 ' },
      { $toDouble: '.' },
      { $toDouble: id },
      { $toDecimal: '1E+9999' },
      { $toDecimal: '' },
      { $toDecimal: '0x10' },
    ].map(spec => [spec, 'ConversionFailure'] as const),
  )
})

describe('string', () => {
  gives([
    [{ $toString: double(2.5) }, '2.5'],
    [{ $toString: double(3) }, '3'],
    [{ $toString: double(1e21) }, '1e+21'],
    [{ $toString: double(-0) }, '-0'],
    [{ $toString: double(NaN) }, 'NaN'],
    [{ $toString: double(-Infinity) }, '-Infinity'],
    [{ $toString: decimal('1.10') }, '1.10'],
    [{ $toString: long('9223372036854775807') }, '9223372036854775807'],
    [{ $toString: true }, 'true'],
    [{ $toString: date }, '2018-03-27T16:58:51.538Z'],
    [{ $toString: id }, '65a000000000000000000001'],
    [{ $toString: 'x' }, 'x'],
    [{ $toString: new UUID(uuid) }, uuid],
    [{ $toString: bytes(1, 2, 3) }, 'AQID'],
    [{ $toString: null }, null],
  ])
  refuses([
    [{ $toString: { $literal: {} } }, 'ConversionFailure'],
    [{ $toString: [[1]] }, 'ConversionFailure'],
    [{ $toString: new BSONRegExp('a') }, 'ConversionFailure'],
  ])
})

describe('date', () => {
  gives([
    [{ $toDate: long(1000) }, new Date(1000)],
    [{ $toDate: double(1000.9) }, new Date(1000)],
    [{ $toDate: decimal('-1.5') }, new Date(-1)],
    [{ $toDate: '2018-03-27T16:58:51.538Z' }, date],
    [{ $toDate: '2018-03-27' }, new Date('2018-03-27')],
    [{ $toDate: id }, id.getTimestamp()],
    [{ $toDate: new Timestamp({ t: 5, i: 9 }) }, new Date(5000)],
    [{ $toDate: date }, date],
  ])
  refuses(
    [{ $toDate: int(1) }, { $toDate: true }, { $toDate: 'Friday' }, { $toDate: double(1e300) }].map(
      spec => [spec, 'ConversionFailure'] as const,
    ),
  )
})

describe('ObjectId and UUID', () => {
  gives([
    [{ $toObjectId: '65A000000000000000000001' }, id],
    [{ $toObjectId: id }, id],
    [{ $toUUID: uuid }, new UUID(uuid)],
    [{ $toUUID: new UUID(uuid) }, new UUID(uuid)],
    [{ $toUUID: null }, null],
  ])
  refuses(
    [
      { $toObjectId: '65a' },
      { $toObjectId: '65a00000000000000000000z' },
      { $toObjectId: int(1) },
      { $toUUID: uuid.slice(1) },
      { $toUUID: bytes(1) },
      { $toUUID: int(1) },
    ].map(spec => [spec, 'ConversionFailure'] as const),
  )
})

describe('$convert', () => {
  gives([
    [convert('1', 'int'), int(1)],
    [convert('1', int(16)), int(1)],
    [convert('1', double(18)), long(1)],
    [convert(int(0), { type: 'bool' }), false],
    [convert('x', 'int', { onError: 'bad' }), 'bad'],
    [convert('x', 'int', { onError: '$nothing' }), missing],
    [convert(id, 'date', { onError: 1 }), id.getTimestamp()],
    [convert(null, 'int', { onNull: 'none' }), 'none'],
    [convert('$nothing', 'int'), null],
    [convert('$nothing', null, { onNull: 1 }), int(1)],
    [convert('1', null), null],
    [convert('1', '$nothing'), null],
    [convert(1, 'object', { onError: 'no' }), 'no'],
    [convert('AQID', 'binData', { format: 'base64' }), bytes(1, 2, 3)],
    [
      convert('0aFF', { type: 'binData', subtype: int(128) }, { format: 'hex' }),
      new Binary(Uint8Array.of(10, 255), 128),
    ],
    [convert(bytes(10, 255), 'string', { format: 'hex' }), '0AFF'],
    [convert(bytes(0xc3, 0xa9), 'string', { format: 'utf8' }), 'é'],
    [convert(bytes(251, 255), 'string', { format: 'base64url' }), '-_8'],
    [convert(int(258), 'binData'), bytes(2, 1, 0, 0)],
    [convert(int(258), 'binData', { byteOrder: 'big' }), bytes(0, 0, 1, 2)],
    [convert(bytes(2, 1), 'int'), int(258)],
    [convert(bytes(255), 'long'), long(-1)],
    [convert(bytes(0x3f, 0x80, 0, 0), 'double', { byteOrder: 'big' }), double(1)],
  ])
  refuses([
    [convert(1, 'array'), 'ConversionFailure'],
    [convert(bytes(1, 2, 3), 'int'), 'ConversionFailure'],
    [convert(bytes(255), 'string', { format: 'utf8' }), 'ConversionFailure'],
    [convert('A', 'binData', { format: 'hex' }), 'ConversionFailure'],
    [convert('AQID', 'binData'), 'Location4341115'],
    [convert(bytes(1), 'string', { format: 'nonsense' }), 'Location4341125'],
    [convert(1, 'number'), 'BadValue'],
    [convert(1, 'nonsense', { onError: 1 }), 'BadValue'],
    [convert(1, int(100)), 'FailedToParse'],
    [convert(1, double(1.5)), 'FailedToParse'],
    [convert(1, true), 'FailedToParse'],
    [{ $convert: { input: 1 } }, 'FailedToParse'],
    [{ $convert: { to: 'int' } }, 'FailedToParse'],
    [{ $convert: { input: 1, to: 'int', x: 1 } }, 'FailedToParse'],
    [{ $convert: 1 }, 'FailedToParse'],
  ])
})

test.each([
  [{ $toInt: 'x' }, "Failed to parse number 'x' in $convert with no onError value: Did not consume whole string."],
  [{ $toInt: id }, 'Unsupported conversion from objectId to int in $convert with no onError value'],
  [{ $toInt: double(1e10) }, 'Conversion would overflow target type in $convert with no onError value: 10000000000.0'],
  [{ $toInt: double(NaN) }, 'Attempt to convert NaN value to integer type in $convert with no onError value'],
  [
    { $toObjectId: 'a' },
    "Failed to parse objectId 'a' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found 1",
  ],
])('%j says why', (spec, words) => {
  expect(() => run(spec)).toThrow(words)
})

describe('types and sizes', () => {
  gives([
    [{ $type: '$nothing' }, 'missing'],
    [{ $type: null }, 'null'],
    [{ $type: int(1) }, 'int'],
    [{ $type: [[1]] }, 'array'],
    [{ $type: { $literal: {} } }, 'object'],
    [{ $type: bytes(1) }, 'binData'],
    [{ $isNumber: decimal('NaN') }, true],
    [{ $isNumber: '1' }, false],
    [{ $isNumber: '$nothing' }, false],
    [{ $binarySize: 'é' }, int(2)],
    [{ $binarySize: bytes(1, 2, 3) }, int(3)],
    [{ $binarySize: null }, null],
    [{ $bsonSize: { $literal: {} } }, int(5)],
    [{ $bsonSize: '$$ROOT' }, int(12), { a: 1 }],
    [{ $bsonSize: '$nothing' }, null],
  ])
  refuses([
    [{ $binarySize: 1 }, 'Location51276'],
    [{ $bsonSize: 1 }, 'Location31393'],
    [{ $type: [1, 2] }, 'Location16020'],
  ])
})

test('a long that is far from 1970 keeps its digits as a date', () => {
  const far = run({ $toLong: { $toDate: long('9223372036854775807') } })
  expect(plain(far)).toEqual(plain(valueOf(long('9223372036854775807'))))
})
