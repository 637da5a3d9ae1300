/**
 * What a value of one type is in another one, for $convert and the operators that stand for one target of it.
 *
 * Source: MongoDB manual, "$convert", its table of types.
 */
import { CommandError } from '../base/errors.ts'
import { readFloat64, readInt32 } from '../bson/bytes.ts'
import { doubleOfDecimal } from '../bson/decimal-convert.ts'
import { decimalInteger, decodeDecimal, quantizeDecimal } from '../bson/decimal.ts'
import {
  binaryValue,
  boolValue,
  dateValue,
  doubleValue,
  int32Value,
  int64Value,
  objectIdValue,
  stringValue,
  trueValue,
} from '../bson/encode.ts'
import { toDecimal, toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import {
  BsonType,
  Value,
  isNumber,
  toBinaryParts,
  toBool,
  toDateMs,
  toDouble,
  toInt32,
  toInt64,
  toText,
  typeName,
} from '../bson/value.ts'
import { binaryText, parseBinary, uuidSubtype } from './binary-text.ts'
import type { ConversionTarget } from './conversion-target.ts'
import { isoText } from './date-format.ts'
import { parseDate } from './date-parse.ts'
import { findDateMs } from './dates.ts'
import { parseDecimalText, parseDouble, parseInteger } from './number-text.ts'
import { decimalResult } from './numbers.ts'
import { numberText } from './strings.ts'
import { isTrue } from './truth.ts'

/** How binaries lie and read. */
export interface BinaryForm {
  /** Of a text; undefined where none was given. */
  readonly format: string | undefined
  readonly byteOrder: 'little' | 'big'
}

interface How extends BinaryForm {
  readonly target: ConversionTarget
}

type Convert = (value: Value, how: How) => Value

/** @throws CommandError ConversionFailure when the value cannot be had in that type. `value` is not nullish. */
export function convertValue(value: Value, target: ConversionTarget, form: BinaryForm): Value {
  const convert = target.type === BsonType.bool ? toBoolean : table[target.type]?.[value.type]
  if (convert === undefined) {
    const targetName = typeName(new Value(target.type, value.bytes, 0, 0))
    throw failure(`Unsupported conversion from ${typeName(value)} to ${targetName}`)
  }
  return convert(value, { ...form, target })
}

const failure = (words: string, shown?: Value): CommandError =>
  new CommandError(
    'ConversionFailure',
    `${words} in $convert with no onError value${shown === undefined ? '' : `: ${show(shown)}`}`,
  )

const overflow = (value: Value): CommandError => failure('Conversion would overflow target type', value)

const same: Convert = value => value
const toBoolean: Convert = value => (isNumber(value) ? boolValue(isTrue(value)) : toBooleanOther(value))
const toBooleanOther = (value: Value): Value => (value.type === BsonType.bool ? value : trueValue)

/** A number or bool without its fraction. @throws CommandError for NaN, infinity and what does not fit into `bits`. */
function wholeNumber(value: Value, bits: 32 | 64): bigint {
  const whole = truncated(value)
  if (whole === undefined || BigInt.asIntN(bits, whole) !== whole) throw overflow(value)
  return whole
}

function truncated(value: Value): bigint | undefined {
  switch (value.type) {
    case BsonType.bool:
      return toBool(value) ? 1n : 0n
    case BsonType.int32:
      return BigInt(toInt32(value))
    case BsonType.int64:
      return toInt64(value)
    case BsonType.double: {
      const double = toDouble(value)
      requireFinite(Number.isNaN(double) ? 'nan' : Number.isFinite(double) ? 'finite' : 'infinity')
      return BigInt(Math.trunc(double))
    }
    default: {
      const decimal = decodeDecimal(value)
      requireFinite(decimal.kind)
      // Past this there is no long, and no need to write out a number of six thousand digits.
      if (decimal.exponent > 20) return decimal.coefficient === 0n ? 0n : undefined
      return decimalInteger(quantizeDecimal(decimal, Math.max(0, decimal.exponent), 'trunc'))
    }
  }
}

function requireFinite(kind: 'finite' | 'infinity' | 'nan'): void {
  if (kind === 'nan') throw failure('Attempt to convert NaN value to integer type')
  if (kind === 'infinity') throw failure('Attempt to convert infinity value to integer type')
}

const toInt: Convert = value => int32Value(Number(wholeNumber(value, 32)))
const toLong: Convert = value => int64Value(wholeNumber(value, 64))
const numberToDate: Convert = value => dateOf(wholeNumber(value, 64))

/** Not by way of a JavaScript number: the far ends of the 64 bits would lose digits. */
function dateOf(ms: bigint): Value {
  const long = int64Value(ms)
  return new Value(BsonType.date, long.bytes, long.start, long.end)
}

const dateToLong: Convert = ({ bytes, start, end }) => new Value(BsonType.int64, bytes, start, end)

function decimalToDouble(value: Value): Value {
  const decimal = decodeDecimal(value)
  const double = doubleOfDecimal(decimal)
  if (decimal.kind === 'finite' && !Number.isFinite(double)) throw overflow(value)
  return doubleValue(double)
}

const numberToDouble: Convert = value => doubleValue(toNearestDouble(value))
const numberToDecimal: Convert = value => decimalResult(toDecimal(value))
const numberToString: Convert = value => stringValue(numberText(value))
const secondsToDate: Convert = value => dateValue(findDateMs(value) ?? 0)

function textToObjectId(value: Value): Value {
  const text = toText(value)
  if (/^[\da-f]{24}$/i.test(text)) return objectIdValue(Buffer.from(text, 'hex'))
  const why =
    text.length === 24
      ? `Invalid character found in hex string: ${text}`
      : `Invalid string length for parsing to OID, expected 24 but found ${text.length}`
  throw new CommandError(
    'ConversionFailure',
    `Failed to parse objectId '${text}' in $convert with no onError value: ${why}`,
  )
}

/** The format, which conversions between strings and binaries cannot do without. */
function requireFormat(value: Value, { format, target }: How): string {
  if (format !== undefined) return format
  throw new CommandError(
    'Location4341115',
    `Format must be specified when converting from '${typeName(value)}' to '${target.type === BsonType.string ? 'string' : 'binData'}'`,
  )
}

const binaryToString: Convert = (value, how) => stringValue(binaryText(value, requireFormat(value, how)))
const textToBinary: Convert = (value, how) => parseBinary(toText(value), requireFormat(value, how), how.target.subtype)

function binaryToBinary(value: Value, { target }: How): Value {
  if (toBinaryParts(value).subtype === target.subtype) return value
  throw failure('Conversions between different binData subtypes are not supported')
}

/** The bytes of a number, in the order that was asked for. No number has as many as a UUID. */
function numberToBinary(value: Value, { byteOrder, target }: How): Value {
  if (target.subtype === uuidSubtype) throw failure(`Unsupported conversion from ${typeName(value)} to UUID`)
  return binaryValue(target.subtype, ordered(value.bytes.subarray(value.start, value.end), byteOrder))
}

const ordered = (bytes: Uint8Array, order: 'little' | 'big'): Uint8Array =>
  order === 'little' ? bytes : bytes.toReversed()

/** A number out of a binary of as many bytes as one of `sizes`. */
function fromBinary(sizes: readonly number[], read: (bytes: Uint8Array) => Value): Convert {
  return (value, { byteOrder, target }) => {
    const { content } = toBinaryParts(value)
    if (sizes.includes(content.length)) return read(ordered(content, byteOrder))
    throw failure(
      `Failed to convert '${show(value)}' to ${typeName(new Value(target.type, content, 0, 0))} because of its length`,
    )
  }
}

function integerOf(bytes: Uint8Array): bigint {
  let integer = 0n
  for (const byte of bytes.toReversed()) integer = (integer << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, integer)
}

function float32Of(bytes: Uint8Array): number {
  const scratch = new DataView(new ArrayBuffer(4))
  scratch.setInt32(0, readInt32(bytes, 0), true)
  return scratch.getFloat32(0, true)
}

const { double, string, binary, objectId, bool, date, int32, timestamp, int64, decimal128 } = BsonType

/** Target → source → how. Everything is a bool. */
const table: Readonly<Record<number, Readonly<Record<number, Convert>>>> = {
  [double]: {
    [double]: same,
    [int32]: numberToDouble,
    [int64]: numberToDouble,
    [decimal128]: decimalToDouble,
    [bool]: value => doubleValue(toBool(value) ? 1 : 0),
    [string]: value => doubleValue(parseDouble(toText(value))),
    [date]: value => doubleValue(toDateMs(value)),
    [binary]: fromBinary([4, 8], bytes => doubleValue(bytes.length === 4 ? float32Of(bytes) : readFloat64(bytes, 0))),
  },
  [int32]: {
    [double]: toInt,
    [int32]: same,
    [int64]: toInt,
    [decimal128]: toInt,
    [bool]: toInt,
    [string]: value => int32Value(Number(parseInteger(toText(value), 32))),
    [binary]: fromBinary([1, 2, 4], bytes => int32Value(Number(integerOf(bytes)))),
  },
  [int64]: {
    [double]: toLong,
    [int32]: toLong,
    [int64]: same,
    [decimal128]: toLong,
    [bool]: toLong,
    [string]: value => int64Value(parseInteger(toText(value), 64)),
    [date]: dateToLong,
    [binary]: fromBinary([1, 2, 4, 8], bytes => int64Value(integerOf(bytes))),
  },
  [decimal128]: {
    [double]: numberToDecimal,
    [int32]: numberToDecimal,
    [int64]: numberToDecimal,
    [decimal128]: same,
    [bool]: value => decimalResult(toDecimal(int32Value(toBool(value) ? 1 : 0))),
    [string]: value => decimalResult(parseDecimalText(toText(value))),
    [date]: (value, how) => decimalResult(toDecimal(dateToLong(value, how))),
  },
  [string]: {
    [double]: numberToString,
    [int32]: numberToString,
    [int64]: numberToString,
    [decimal128]: numberToString,
    [bool]: value => stringValue(String(toBool(value))),
    [string]: same,
    [date]: value => stringValue(isoText(toDateMs(value))),
    [objectId]: ({ bytes, start }) => stringValue(Buffer.from(bytes.subarray(start, start + 12)).toString('hex')),
    [binary]: binaryToString,
  },
  [date]: {
    [double]: numberToDate,
    [int64]: numberToDate,
    [decimal128]: numberToDate,
    [string]: value => dateValue(parseDate(toText(value))),
    [date]: same,
    [objectId]: secondsToDate,
    [timestamp]: secondsToDate,
  },
  [objectId]: { [objectId]: same, [string]: textToObjectId },
  [binary]: {
    [binary]: binaryToBinary,
    [string]: textToBinary,
    [int32]: numberToBinary,
    [int64]: numberToBinary,
    [double]: numberToBinary,
  },
}
