// The vectors are those of MongoDB's KeyString, version 1.
import { expect, test } from 'vitest'
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
} from 'bson'
import { CommandError } from '../base/errors.ts'
import { dbPointerValue, undefinedValue, valueOf } from './arbitrary.suite.ts'
import { decodeKeyString, encodeIndexKey, encodeKeyString } from './key-string.ts'
import { show } from './show.ts'
import { Value, typeName } from './value.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
const toValue = (value: unknown): Value => (value instanceof Value ? value : valueOf(value))
const described = (value: Value | undefined) =>
  value && `${typeName(value)} ${hex(value.bytes.subarray(value.start, value.end))}`

const vectors: readonly (readonly [name: string, value: unknown, key: string, typeBits: string])[] = [
  ['Int 0', new Int32(0), '2904', ''],
  ['Int 1', new Int32(1), '2B0204', ''],
  ['Int -1', new Int32(-1), '27FD04', ''],
  ['Int 5', new Int32(5), '2B0A04', ''],
  ['Int -5', new Int32(-5), '27F504', ''],
  ['Int 127', new Int32(127), '2BFE04', ''],
  ['Int 128', new Int32(128), '2C010004', ''],
  ['Int -127', new Int32(-127), '270104', ''],
  ['Int -128', new Int32(-128), '26FEFF04', ''],
  ['Int 32767', new Int32(32767), '2CFFFE04', ''],
  ['Int 32768', new Int32(32768), '2D01000004', ''],
  ['Int 8388607', new Int32(8388607), '2DFFFFFE04', ''],
  ['Int 8388608', new Int32(8388608), '2E0100000004', ''],
  ['Int 2147483647', new Int32(2147483647), '2EFFFFFFFE04', ''],
  ['Int -2147483648', new Int32(-2147483648), '23FEFFFFFFFF04', ''],
  ['Long 1', Long.fromBigInt(1n), '2B0204', 'Ag=='],
  ['Long 0', Long.fromBigInt(0n), '2904', 'Ag=='],
  ['Long 2147483648', Long.fromBigInt(2147483648n), '2F010000000004', 'Ag=='],
  ['Long 2^53', Long.fromBigInt(2n ** 53n), '314000000000000004', 'Ag=='],
  ['Long 2^53+1', Long.fromBigInt(2n ** 53n + 1n), '314000000000000204', 'Ag=='],
  ['Long 2^55-1', Long.fromBigInt(2n ** 55n - 1n), '31FFFFFFFFFFFFFE04', 'Ag=='],
  ['Long 2^55', Long.fromBigInt(2n ** 55n), '32010000000000000004', 'Ag=='],
  ['Long 2^63-1', Long.fromBigInt(2n ** 63n - 1n), '32FFFFFFFFFFFFFFFE04', 'Ag=='],
  ['Long -(2^63-1)', Long.fromBigInt(-(2n ** 63n - 1n)), '20000000000000000104', 'Ag=='],
  ['Long -2^63', Long.fromBigInt(-(2n ** 63n)), '1FF83FFFFFFFFFFFFF04', 'Ag=='],
  ['Double 0', new Double(0), '2904', 'AQ=='],
  ['Double -0', new Double(-0), '2904', 'Aw=='],
  ['Double 1', new Double(1), '2B0204', 'AQ=='],
  ['Double 1.5', new Double(1.5), '2B038000000000000004', 'AQ=='],
  ['Double -1.5', new Double(-1.5), '27FC7FFFFFFFFFFFFF04', 'AQ=='],
  ['Double 1.1', new Double(1.1), '2B03199999999999A004', 'AQ=='],
  ['Double 5.5', new Double(5.5), '2B0B8000000000000004', 'AQ=='],
  ['Double 127.5', new Double(127.5), '2BFF8000000000000004', 'AQ=='],
  ['Double 128.5', new Double(128.5), '2C010180000000000004', 'AQ=='],
  ['Double 0.5', new Double(0.5), '2AFF8000000000000004', 'AQ=='],
  ['Double -0.5', new Double(-0.5), '28007FFFFFFFFFFFFF04', 'AQ=='],
  ['Double 0.1', new Double(0.1), '2AFEE666666666666804', 'AQ=='],
  ['Double 2^-255', new Double(2 ** -255), '2AC00000000000000004', 'AQ=='],
  ['Double 1e-100', new Double(1e-100), '2AB657FE5DC91C0A6004', 'AQ=='],
  ['Double 5e-324', new Double(5e-324), '2A59A000000000000004', 'AQ=='],
  ['Double 9007199254740991', new Double(9007199254740991), '313FFFFFFFFFFFFE04', 'AQ=='],
  ['Double 2^62', new Double(2 ** 62), '32800000000000000004', 'AQ=='],
  ['Double 2^63', new Double(2 ** 63), '3307C000000000000004', 'AQ=='],
  ['Double -2^63', new Double(-(2 ** 63)), '1FF83FFFFFFFFFFFFF04', 'AQ=='],
  ['Double 1e300', new Double(1e300), '337C6FC8791000EB3804', 'AQ=='],
  ['Double -1e300', new Double(-1e300), '1F83903786EFFF14C704', 'AQ=='],
  ['Double +Infinity', new Double(Infinity), '33FFFFFFFFFFFFFFFF04', 'AQ=='],
  ['Double -Infinity', new Double(-Infinity), '1F000000000000000004', 'AQ=='],
  ['Double NaN', new Double(NaN), '1E04', 'AQ=='],
  ['Decimal 0', new Decimal128('0'), '2904', 'gzsIAA=='],
  ['Decimal -0.00', new Decimal128('-0.00'), '2904', 'gy/wAA=='],
  ['Decimal 1', new Decimal128('1'), '2B0204', 'Bw=='],
  ['Decimal 1.50', new Decimal128('1.50'), '2B038000000000000004', 'ew=='],
  ['Decimal 0.1', new Decimal128('0.1'), '2AFEE666666666666604', 'gfs='],
  ['Decimal -0.1', new Decimal128('-0.1'), '28011999999999999904', 'gfs='],
  ['Decimal 1.1', new Decimal128('1.1'), '2B031999999999999204', 'gfs='],
  ['Decimal 9007199254740993.5', new Decimal128('9007199254740993.5'), '31400000000000030306F05B59D3B2000004', 'gfs='],
  [
    'Decimal 1234567890.12345678901234567890',
    new Decimal128('1234567890.12345678901234567890'),
    '2E932C05A51F9ADC0101017B82A7089AC404',
    'Mw==',
  ],
  ['Decimal 1E+20', new Decimal128('1E+20'), '33082B5E3AF16B188004', 'Lw=='],
  [
    'Decimal 12345678901234567890123',
    new Decimal128('12345678901234567890123'),
    '330909D42B64E767150034D2A3DBE9F80004',
    'Bw==',
  ],
  ['Decimal 1E+6000', new Decimal128('1E+6000'), '33DEDE314DC6448D9338C15B0A0000000004', 'Cw=='],
  ['Decimal 1E-6000', new Decimal128('1E-6000'), '2A011E314DC6448D9338C15B0A0000000004', 'Dw=='],
  ['Decimal 1E-320', new Decimal128('1E-320'), '2A5AFF402E25D1E08F01966205222B0BAB04', 'Bw=='],
  ['Decimal NaN', new Decimal128('NaN'), '1E04', 'Aw=='],
  ['Decimal Infinity', new Decimal128('Infinity'), '33FFFFFFFFFFFFFFFF04', 'Aw=='],
  ['String ""', '', '3C0004', ''],
  ['String "abc"', 'abc', '3C6162630004', ''],
  ['String "a\\0b"', 'a\0b', '3C6100FF620004', ''],
  ['String "é"', 'é', '3CC3A90004', ''],
  ['Symbol "abc"', new BSONSymbol('abc'), '3C6162630004', 'AQ=='],
  ['{} (empty object)', {}, '460004', ''],
  ['{a: 5}', { a: new Int32(5) }, '461E61002B0A0004', ''],
  ['{a: "x", b: 1}', { a: 'x', b: new Int32(1) }, '463C61003C78001E62002B020004', ''],
  ['{a: {b: null}}', { a: { b: null } }, '464661004614620014000004', ''],
  ['[]', [], '500004', ''],
  ['[1, "a", null]', [new Int32(1), 'a', null], '502B023C6100140004', ''],
  ['[[1],[ ]]', [[new Int32(1)], []], '50502B020050000004', ''],
  ['BinData(0, 3 bytes 010203)', new Binary(Uint8Array.of(1, 2, 3)), '5A030001020304', ''],
  [
    'BinData(4, 16 bytes 00..0f) (UUID)',
    new Binary(
      Uint8Array.from({ length: 16 }, (_, index) => index),
      4,
    ),
    '5A1004000102030405060708090A0B0C0D0E0F04',
    '',
  ],
  ['ObjectId 0102030405060708090a0b0c', new ObjectId('0102030405060708090a0b0c'), '640102030405060708090A0B0C04', ''],
  ['true', true, '6F04', ''],
  ['false', false, '6E04', ''],
  ['Date 0', new Date(0), '78800000000000000004', ''],
  ['Date -1', new Date(-1), '787FFFFFFFFFFFFFFF04', ''],
  ['Date 1700000000000', new Date(1700000000000), '788000018BCFE5680004', ''],
  ['Timestamp(1700000000, 7)', new Timestamp({ t: 1700000000, i: 7 }), '826553F1000000000704', ''],
  ['Regex /a.*b/i', new BSONRegExp('a.*b', 'i'), '8C612E2A6200690004', ''],
  ['null', null, '1404', ''],
  ['undefined', undefinedValue, '0F04', ''],
  ['MinKey', new MinKey(), '0A04', ''],
  ['MaxKey', new MaxKey(), 'F004', ''],
  ['Code "f()"', new Code('f()'), 'A06628290004', ''],
  ['Code "f()" scope {x: 1}', new Code('f()', { x: new Int32(1) }), 'AA662829001E78002B020004', ''],
  [
    'DBPointer("db.c", 0102030405060708090a0b0c)',
    dbPointerValue('db.c', Buffer.from('0102030405060708090a0b0c', 'hex')),
    '960000000464622E630102030405060708090A0B0C04',
    '',
  ],
]

test.each(vectors)('%s has the key and type bits of the server', (_name, value, key, typeBits) => {
  const keyString = encodeKeyString([toValue(value)])
  expect(hex(keyString.bytes)).toBe(key)
  expect(Buffer.from(keyString.typeBits).toString('base64')).toBe(typeBits)
})

test.each(vectors)('%s is read back with its type', (_name, value, key, typeBits) => {
  const decoded = decodeKeyString(Buffer.from(key, 'hex'), Buffer.from(typeBits, 'base64'))
  expect(decoded.map(described)).toEqual([described(toValue(value))])
})

test('type bits of several values follow each other', () => {
  const values = [1n, 'x', 1.5, 2n, 3.5, 'y'].map(value =>
    valueOf(typeof value === 'bigint' ? Long.fromBigInt(value) : typeof value === 'number' ? new Double(value) : value),
  )
  const { bytes, typeBits } = encodeKeyString(values)
  // 01 0 10 01 10 0, the first bit lowest: two bytes, so their count comes first.
  expect(hex(typeBits)).toBe('82CA00')
  expect(decodeKeyString(bytes, typeBits).map(described)).toEqual(values.map(described))
})

test('more than 127 bytes of type bits have a long count', () => {
  const values = Array.from({ length: 600 }, () => valueOf(Long.fromNumber(1)))
  const { bytes, typeBits } = encodeKeyString(values)
  expect(hex(typeBits.subarray(0, 6))).toBe('8096000000AA')
  expect(decodeKeyString(bytes, typeBits).map(described)).toEqual(values.map(described))
})

test('a discriminator of a query bound is skipped', () => {
  const decoded = (key: string) => decodeKeyString(Buffer.from(key, 'hex'), new Uint8Array(0)).map(show)
  expect(decoded('2B02FE04')).toEqual(['1'])
  expect(decoded('2B020104')).toEqual(['1'])
})

test.each([
  ['3C6162', '', 'Location50816', 'a string without an end'],
  ['46', '', 'Location50816', 'an object without an end'],
  ['64010203', '', 'Location50816', 'an ObjectId cut short'],
  ['5AFFFFFFFFFF0001', '', 'Location50816', 'a binary longer than the key'],
  ['9904', '', 'Location50811', 'a byte that begins no type'],
  ['3CFF0004', '', 'Location50816', 'a string that is not UTF-8'],
  ['2B038000000000000004', '', 'Location50816', 'an int with a fraction'],
  ['2F010000000004', '', 'Location50816', 'an int of five bytes'],
  ['1E04', '', 'Location50816', 'an int that is not a number'],
  ['2B022B022B022B022B0204', '01', 'Location50615', 'fewer type bits than values'],
  ['2B0204', '820001FF', 'Location50615', 'type bits longer than they say'],
  ['2B0204', '0101', 'Location50615', 'type bits without their count'],
  ['2904', '13', 'Location50816', 'a zero of no type'],
])('%s with type bits %s is refused: %s, %s', (key, typeBits, codeName) => {
  const decode = () => decodeKeyString(Buffer.from(key, 'hex'), Buffer.from(typeBits, 'hex'))
  expect(decode).toThrow(CommandError)
  expect(decode).toThrow(
    expect.objectContaining({ codeName, message: expect.stringMatching(/^KeyString format error: /) }),
  )
})

test('endless nesting is refused before the stack is', () => {
  const decode = () => decodeKeyString(new Uint8Array(100_000).fill(0x50), new Uint8Array(0))
  expect(decode).toThrow(expect.objectContaining({ codeName: 'Overflow' }))
})

test('an index key has no end, and complements what descends', () => {
  const values = [valueOf(new Int32(1)), valueOf('ab')]
  expect(hex(encodeIndexKey(values, [1, 1]))).toBe('2B023C616200')
  expect(hex(encodeIndexKey(values, [1, -1]))).toBe('2B02C39E9DFF')
})

test('in an index key no text is the beginning of another', () => {
  expect(hex(encodeIndexKey([valueOf('a')], [1]))).toBe('3C6100')
  expect(hex(encodeIndexKey([valueOf('a\0\x01b')], [1]))).toBe('3C61010101026200')
})
