/**
 * Resume tokens: a position in the log in MongoDB's own KeyString format, so that tools that decode tokens work.
 *
 *   token   { _data: hex of a KeyString V1 [, _typeBits: binData 0] }
 *
 *   version 2   clusterTime | 2 | tokenType | txnOpIndex | fromInvalidate | UUID or null [| eventIdentifier [| fragmentNum]]
 *   version 1   clusterTime | 1 | tokenType | txnOpIndex | fromInvalidate [| UUID [| eventIdentifier]]
 *   version 0   clusterTime | 0 | txnOpIndex [| UUID [| eventIdentifier]]
 *
 * clusterTime is a timestamp, tokenType the int 0 (high-water mark) or 128 (event). Tokens of one version compare by `_data`.
 * Source: MongoDB, src/mongo/db/pipeline/resume_token.
 */
import { assert } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { writeInt32 } from '../bson/bytes.ts'
import { compareValues } from '../bson/compare.ts'
import { KeyBuffer } from '../bson/key-buffer.ts'
import { writeInt } from '../bson/key-number.ts'
import { decodeKeyString, writeValue } from '../bson/key-string.ts'
import { findField, fieldName } from '../bson/reader.ts'
import { BsonType, isDocument, toBinaryParts, toBool, toInt32, toText, toTimestamp, typeName } from '../bson/value.ts'
import type { CodeName } from '../base/errors.ts'
import type { Value } from '../bson/value.ts'

/** What a token says. Versions 0 and 1 are read, 2 is written unless asked otherwise. */
export interface TokenParts {
  readonly clusterTime: bigint
  readonly version: 0 | 1 | 2
  readonly tokenType: 'high-water-mark' | 'event'
  readonly txnOpIndex: number
  readonly fromInvalidate: boolean
  /** 16 bytes; undefined where the event has none (dropDatabase, high-water marks). */
  readonly uuid: Uint8Array | undefined
  /** V2: `{ operationType, documentKey }` and its relatives; V0, V1: the documentKey. A document. */
  readonly eventIdentifier: Value | undefined
  readonly fragmentNum: number | undefined
}

const tokenTypes = { 'high-water-mark': 0, event: 128 } as const

// Tokens are made one at a time, and each is copied out as hex.
const key = new KeyBuffer({ prefixFree: false })

/** `{ _data: 'HEX'[, _typeBits] }`, as a document. */
export function encodeResumeToken(parts: TokenParts): Uint8Array {
  const { clusterTime, version, uuid, eventIdentifier, fragmentNum } = parts
  assert(
    eventIdentifier === undefined || uuid !== undefined || version === 2,
    'before version 2 an identifier has a UUID',
  )
  assert(
    fragmentNum === undefined || (version === 2 && eventIdentifier !== undefined),
    'only events of version 2 are split',
  )
  key.reset()
  key.byte(0x82)
  key.word(Number(clusterTime >> 32n))
  key.word(Number(clusterTime & 0xffff_ffffn))
  writeInt(key, version)
  if (version > 0) writeInt(key, tokenTypes[parts.tokenType])
  writeInt(key, parts.txnOpIndex)
  if (version > 0) key.byte(parts.fromInvalidate ? 0x6f : 0x6e)
  if (uuid !== undefined) {
    // A binary of 16 bytes, subtype 4.
    key.byte(0x5a)
    key.byte(16)
    key.byte(4)
    key.raw(uuid, 0, 16)
  } else if (version === 2) key.byte(0x14)
  if (eventIdentifier !== undefined) writeValue(key, eventIdentifier)
  if (fragmentNum !== undefined) writeInt(key, fragmentNum)
  key.byte(0x04)
  return tokenDocument(key.bytes, key.length, key.takeTypeBits())
}

const hexDigits = Buffer.from('0123456789ABCDEF')
const dataName = Buffer.from('_data\0')
const typeBitsName = Buffer.from('_typeBits\0')

function tokenDocument(bytes: Uint8Array, length: number, typeBits: Uint8Array): Uint8Array {
  const bitsLength = typeBits.length === 0 ? 0 : 1 + typeBitsName.length + 5 + typeBits.length
  const document = Buffer.allocUnsafe(4 + 1 + dataName.length + 4 + length * 2 + 1 + bitsLength + 1)
  writeInt32(document, 0, document.length)
  document[4] = BsonType.string
  let at = writeBytes(document, 5, dataName)
  writeInt32(document, at, length * 2 + 1)
  at += 4
  for (let index = 0; index < length; index++) {
    const byte = bytes[index] as number
    document[at++] = hexDigits[byte >> 4] as number
    document[at++] = hexDigits[byte & 0x0f] as number
  }
  document[at++] = 0
  if (bitsLength > 0) {
    document[at] = BsonType.binary
    at = writeBytes(document, at + 1, typeBitsName)
    writeInt32(document, at, typeBits.length)
    document[at + 4] = 0
    at = writeBytes(document, at + 5, typeBits)
  }
  document[at] = 0
  return document
}

/** Copies a few bytes; gives the offset behind them. */
function writeBytes(target: Uint8Array, at: number, source: Uint8Array): number {
  for (let index = 0; index < source.length; index++) target[at + index] = source[index] as number
  return at + source.length
}

/** The version of the tokens that a stream makes. */
export type TokenVersion = 1 | 2

/** The high-water-mark token of a time: everything before it was seen, nothing at it. */
export function highWaterMarkToken(clusterTime: bigint, version: TokenVersion = 2): Uint8Array {
  return encodeResumeToken(highWaterMarkParts(clusterTime, version))
}

/** What that token says. */
export function highWaterMarkParts(clusterTime: bigint, version: TokenVersion): TokenParts {
  return {
    clusterTime,
    version,
    tokenType: 'high-water-mark',
    txnOpIndex: 0,
    fromInvalidate: false,
    uuid: undefined,
    eventIdentifier: undefined,
    fragmentNum: undefined,
  }
}

const dataField = fieldName('_data')
const typeBitsField = fieldName('_typeBits')

/**
 * What a client's token says; fields other than `_data` and `_typeBits` are not looked at. A token of version 0 does not tell
 * its type and counts as an event's.
 *
 * @throws CommandError with the server's code for anything that is not a token.
 */
export function decodeResumeToken(token: Value): TokenParts {
  if (!isDocument(token)) throw new CommandError('TypeMismatch', `A resume token is an object, not ${typeName(token)}`)
  const fields = new TokenFields(decodeKeyString(dataBytes(token), typeBitsOf(token)))
  if (fields.isAtEnd) throw refused('Location40649', 'it is empty')
  const clusterTime = fields.next('FailedToParse', 'it has no clusterTime')
  if (clusterTime.type !== BsonType.timestamp) throw refused('FailedToParse', 'its clusterTime is not a timestamp')
  const version = fields.version()
  const tokenType = version === 0 ? 'event' : fields.tokenType()
  const txnOpIndex = fields.txnOpIndex()
  const fromInvalidate = version > 0 && fields.fromInvalidate()
  const uuid = fields.uuid(version)
  const eventIdentifier = fields.eventIdentifier(version, tokenType)
  const fragmentNum = version === 2 ? fields.fragmentNum() : undefined
  if (!fields.isAtEnd) throw refused('Location40646', 'it says more than a token does')
  return {
    clusterTime: toTimestamp(clusterTime),
    version,
    tokenType,
    txnOpIndex,
    fromInvalidate,
    uuid,
    eventIdentifier,
    fragmentNum,
  }
}

/** The values of a token one after another, each with the codes of what can be wrong about it. */
class TokenFields {
  readonly #values: readonly Value[]
  #at = 0

  constructor(values: readonly Value[]) {
    this.#values = values
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#values.length
  }

  next(codeName: CodeName, what: string): Value {
    const value = this.#values[this.#at++]
    if (value === undefined) throw refused(codeName, what)
    return value
  }

  version(): 0 | 1 | 2 {
    const value = this.next('Location50796', 'it has no version')
    if (value.type !== BsonType.int32) throw refused('Location50854', 'its version is not an int')
    const version = toInt32(value)
    if (version !== 0 && version !== 1 && version !== 2) {
      throw refused('Location50795', `its version ${version} is not known`)
    }
    return version
  }

  tokenType(): TokenParts['tokenType'] {
    const value = this.next('Location51055', 'it has no type')
    if (value.type !== BsonType.int32) throw refused('Location51056', 'its type is not an int')
    const tokenType = toInt32(value)
    if (tokenType === tokenTypes.event) return 'event'
    if (tokenType === tokenTypes['high-water-mark']) return 'high-water-mark'
    throw refused('Location51057', `its type ${tokenType} is not known`)
  }

  txnOpIndex(): number {
    const value = this.next('Location50793', 'it has no txnOpIndex')
    if (value.type !== BsonType.int32) throw refused('Location50855', 'its txnOpIndex is not an int')
    const txnOpIndex = toInt32(value)
    if (txnOpIndex < 0) throw refused('Location50794', 'its txnOpIndex is negative')
    return txnOpIndex
  }

  fromInvalidate(): boolean {
    const value = this.next('Location50872', 'it does not say whether it is of an invalidate')
    if (value.type !== BsonType.bool) throw refused('Location50870', 'its fromInvalidate is not a boolean')
    return toBool(value)
  }

  uuid(version: number): Uint8Array | undefined {
    if (version < 2 && this.isAtEnd) return undefined
    const value = this.next('Location6189500', 'it has neither a UUID nor a null')
    if (version === 2 && value.type === BsonType.null) return undefined
    const { subtype, content } =
      value.type === BsonType.binary ? toBinaryParts(value) : { subtype: -1, content: new Uint8Array(0) }
    if (subtype !== 4 || content.length !== 16) throw refused('InvalidUUID', 'its UUID is none')
    return content
  }

  eventIdentifier(version: number, tokenType: TokenParts['tokenType']): Value | undefined {
    if (tokenType === 'high-water-mark') {
      if (!this.isAtEnd) throw refused('Location6189504', 'a high-water mark has no event')
      return undefined
    }
    if (version < 2 && this.isAtEnd) return undefined
    const value = this.next('Location6189501', 'it has no event identifier')
    if (!isDocument(value)) throw refused('Location6189503', 'its event identifier is not an object')
    return value
  }

  fragmentNum(): number | undefined {
    if (this.isAtEnd) return undefined
    const value = this.next('Location7182501', 'it has no fragment number')
    if (value.type !== BsonType.int32 || toInt32(value) < 0) {
      throw refused('Location7182501', 'its fragment number is not a non-negative int')
    }
    return toInt32(value)
  }
}

/**
 * Looks whether a document has the form of a token, whatever it says.
 *
 * @throws CommandError Location40647 for its `_data`, Location40648 for its `_typeBits`.
 */
export function requireTokenForm(token: Value): void {
  dataText(token)
  typeBitsOf(token)
}

function dataText(token: Value): string {
  const value = findField(token.bytes, token.start, dataField)
  if (value?.type !== BsonType.string) {
    throw refused('Location40647', `_data is of type ${typeName(value)}, not string`)
  }
  return toText(value)
}

function dataBytes(token: Value): Uint8Array {
  const hex = dataText(token)
  if (hex.length % 2 !== 0 || !/^[\da-fA-F]*$/.test(hex)) throw refused('FailedToParse', '_data is not a hex string')
  return Buffer.from(hex, 'hex')
}

const noBits = new Uint8Array(0)

function typeBitsOf(token: Value): Uint8Array {
  const value = findField(token.bytes, token.start, typeBitsField)
  if (value === undefined) return noBits
  if (value.type !== BsonType.binary) {
    throw refused('Location40648', `_typeBits is of type ${typeName(value)}, not binData`)
  }
  const { subtype, content } = toBinaryParts(value)
  if (subtype !== 0) throw refused('Location40648', '_typeBits has a wrong subtype')
  return content
}

function refused(codeName: CodeName, what: string): CommandError {
  return new CommandError(codeName, `Bad resume token: ${what}`)
}

/**
 * The order of two positions, as a resumed stream looks for its own: that of their tokens, but whatever their versions. The
 * identifiers must be of one version, else they say different things.
 */
export function compareTokenParts(a: TokenParts, b: TokenParts): number {
  if (a.clusterTime !== b.clusterTime) return a.clusterTime < b.clusterTime ? -1 : 1
  return (
    tokenTypes[a.tokenType] - tokenTypes[b.tokenType] ||
    a.txnOpIndex - b.txnOpIndex ||
    Number(a.fromInvalidate) - Number(b.fromInvalidate) ||
    compareUuids(a.uuid, b.uuid) ||
    compareValues(a.eventIdentifier, b.eventIdentifier) ||
    (a.fragmentNum ?? -1) - (b.fragmentNum ?? -1)
  )
}

function compareUuids(a: Uint8Array | undefined, b: Uint8Array | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return Buffer.compare(a, b)
}
