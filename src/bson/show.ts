/** Values as text for error messages, in the server's shell-like form: `{ a: 1, b: "x" }`. */
import { codeOf, scopeOf } from './code-with-scope.ts'
import { decimalText } from './decimal-convert.ts'
import { decodeDecimal } from './decimal.ts'
import { ElementReader, isEmpty } from './reader.ts'
import { BsonType, toBinaryParts, toBool, toDouble, toInt32, toInt64, toRegexParts, toText } from './value.ts'
import { toTimestampParts } from './value.ts'
import type { Value } from './value.ts'

const textLengthMax = 150
const lengthMax = 2000

/**
 * One line; a string or binary of more than 150 characters is cut and ends with `...`, and so does a text that is longer than
 * 2000 in all. `missing` for no value.
 */
export function show(value: Value | undefined): string {
  const text = value === undefined ? 'missing' : shown(value, 0)
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text
}

function shown(value: Value, depth: number): string {
  switch (value.type) {
    case BsonType.int32:
      return String(toInt32(value))
    case BsonType.int64:
      return String(toInt64(value))
    case BsonType.double:
      return shownDouble(toDouble(value))
    case BsonType.decimal128:
      return decimalText(decodeDecimal(value))
    case BsonType.string:
    case BsonType.symbol:
      return `"${shortened(toText(value))}"`
    case BsonType.document:
      return shownElements(value, depth, ['{', '}'])
    case BsonType.array:
      return shownElements(value, depth, ['[', ']'])
    case BsonType.binary:
      return shownBinary(value)
    case BsonType.objectId:
      return `ObjectId('${hex(value.bytes.subarray(value.start, value.end))}')`
    case BsonType.bool:
      return String(toBool(value))
    case BsonType.date:
      return `new Date(${toInt64(value)})`
    case BsonType.regex: {
      const { pattern, options } = toRegexParts(value)
      return `/${pattern}/${options}`
    }
    case BsonType.timestamp: {
      const { seconds, increment } = toTimestampParts(value)
      return `Timestamp(${seconds}, ${increment})`
    }
    case BsonType.code:
      return shortened(toText(value))
    case BsonType.codeWithScope:
      return `CodeWScope( ${shortened(toText(codeOf(value)))}, ${shown(scopeOf(value), depth)})`
    case BsonType.dbPointer:
      return `DBRef('${toText(value)}',${hex(value.bytes.subarray(value.end - 12, value.end))})`
    case BsonType.null:
      return 'null'
    case BsonType.undefined:
      return 'undefined'
    case BsonType.minKey:
      return 'MinKey'
    case BsonType.maxKey:
      return 'MaxKey'
    default:
      return `type ${value.type}`
  }
}

function shownElements(value: Value, depth: number, [open, close]: readonly [string, string]): string {
  if (isEmpty(value)) return open + close
  const reader = ElementReader.of(value)
  const parts: string[] = []
  let length = 0
  while (reader.next()) {
    // Whatever follows would be cut off anyway.
    if (length > lengthMax || depth > 100) {
      parts.push('...')
      break
    }
    const text = shown(reader.value, depth + 1)
    parts.push(open === '{' ? `${reader.name}: ${text}` : text)
    length += text.length
  }
  return `${open} ${parts.join(', ')} ${close}`
}

/** As C's `%.16g`, with `.0` where nothing else would tell it from an integer. */
function shownDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [digits = '', power = '0'] = value.toExponential(15).split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    const twoDigits = String(Math.abs(exponent)).padStart(2, '0')
    return `${withoutZeros(digits)}e${exponent < 0 ? '-' : '+'}${twoDigits}`
  }
  const text = withoutZeros(value.toFixed(15 - exponent))
  return text.includes('.') ? text : `${text}.0`
}

const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

function shownBinary(value: Value): string {
  const { subtype, content } = toBinaryParts(value)
  const text = hex(content.length > textLengthMax / 2 ? content.subarray(0, textLengthMax / 2) : content)
  if (subtype === 4 && content.length === 16) {
    return `UUID("${text.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}")`
  }
  const cut = content.length > textLengthMax / 2 ? '...' : ''
  return `BinData(${subtype}, ${text.toUpperCase()}${cut})`
}

const shortened = (text: string): string => (text.length > textLengthMax ? `${text.slice(0, textLengthMax)}...` : text)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
