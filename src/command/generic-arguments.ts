/**
 * The arguments that any command may carry, read in one walk over its body: this runs for every request.
 *
 * Source: MongoDB manual, "Generic command arguments"; driver specifications for sessions, versioned API and CSOT.
 */
import { CommandError } from '../base/errors.ts'
import { toNearestDouble } from '../bson/number.ts'
import { ElementReader } from '../bson/reader.ts'
import { BsonType, isNumber, toBinaryParts, toBool, toInt64, toName, type Value } from '../bson/value.ts'
import { genericNames, wrongType } from './fields.ts'
import { parseReadConcern, parseWriteConcern, type ReadConcern, type WriteConcern } from './concerns.ts'

export interface GenericArguments {
  /** As the client spelled it; empty for an empty body. */
  readonly name: string
  readonly db: string
  /** 16 bytes, lying in the body. */
  readonly lsid: Uint8Array | undefined
  readonly txnNumber: bigint | undefined
  readonly autocommit: boolean | undefined
  readonly startTransaction: boolean | undefined
  readonly readConcern: ReadConcern | undefined
  readonly writeConcern: WriteConcern | undefined
  readonly maxTimeMs: number | undefined
  readonly apiVersion: string | undefined
  readonly apiStrict: boolean | undefined
  readonly apiDeprecationErrors: boolean | undefined
}

class Arguments implements GenericArguments {
  name = ''
  db = ''
  lsid: Uint8Array | undefined = undefined
  txnNumber: bigint | undefined = undefined
  autocommit: boolean | undefined = undefined
  startTransaction: boolean | undefined = undefined
  readConcern: ReadConcern | undefined = undefined
  writeConcern: WriteConcern | undefined = undefined
  maxTimeMs: number | undefined = undefined
  apiVersion: string | undefined = undefined
  apiStrict: boolean | undefined = undefined
  apiDeprecationErrors: boolean | undefined = undefined
}

/** Takes the command's name, for a refusal that names it before the arguments are read. Empty for an empty body. */
export function commandNameOf(body: Uint8Array): string {
  const elements = new ElementReader(body)
  return elements.next() ? elements.name : ''
}

/**
 * $readPreference, $clusterTime and comment are taken and have no effect: there is one member, it never lags behind itself,
 * and nothing is profiled.
 *
 * @throws CommandError for a missing $db and for arguments that are malformed or contradict each other.
 */
export function parseGenericArguments(body: Uint8Array): GenericArguments {
  const elements = new ElementReader(body)
  const found = new Arguments()
  let db: string | undefined
  if (elements.next()) found.name = elements.name
  while (elements.next()) {
    // A name is decoded only if it can be one of ours: most are not.
    const lengths = lengthsByLetter[body[elements.nameStart] as number] as number
    if (((lengths >>> (elements.nameEnd - elements.nameStart)) & 1) === 0) continue
    switch (elements.name) {
      case '$db':
        db = requireString(elements.value, '$db')
        break
      case 'lsid':
        found.lsid = parseLsid(elements.value)
        break
      case 'txnNumber':
        found.txnNumber = parseTxnNumber(elements.value)
        break
      case 'autocommit':
        found.autocommit = requireBool(elements.value, 'autocommit')
        break
      case 'startTransaction':
        found.startTransaction = requireBool(elements.value, 'startTransaction')
        break
      case 'readConcern':
        found.readConcern = parseReadConcern(elements.value)
        break
      case 'writeConcern':
        found.writeConcern = parseWriteConcern(elements.value)
        break
      case 'maxTimeMS':
        found.maxTimeMs = parseMaxTimeMs(elements.value)
        break
      case 'apiVersion':
        found.apiVersion = requireString(elements.value, 'apiVersion')
        break
      case 'apiStrict':
        found.apiStrict = requireBool(elements.value, 'apiStrict')
        break
      case 'apiDeprecationErrors':
        found.apiDeprecationErrors = requireBool(elements.value, 'apiDeprecationErrors')
        break
    }
  }
  if (db === undefined) throw new CommandError('Location40571', 'OP_MSG requests require a $db argument')
  found.db = db
  requireSession(found)
  requireApiVersion(found)
  return found
}

/** By the first letter: a bit for each length that a name has which begins so. */
const lengthsByLetter = new Int32Array(256)
for (const name of genericNames) {
  const letter = name.charCodeAt(0)
  lengthsByLetter[letter] = (lengthsByLetter[letter] as number) | (1 << name.length)
}

/** Refuses session arguments that cannot stand together. */
function requireSession({ lsid, txnNumber, autocommit, startTransaction }: GenericArguments): void {
  if (txnNumber !== undefined && lsid === undefined) {
    throw new CommandError('InvalidOptions', 'Transaction number requires a session ID to also be specified')
  }
  if (autocommit !== undefined) {
    if (txnNumber === undefined) {
      throw new CommandError('InvalidOptions', `'autocommit' field requires a transaction number to also be specified`)
    }
    if (autocommit) throw new CommandError('InvalidOptions', 'Specifying autocommit=true is not allowed.')
  }
  if (startTransaction !== undefined) {
    if (autocommit === undefined) {
      throw new CommandError(
        'InvalidOptions',
        `'startTransaction' field requires 'autocommit' field to also be specified`,
      )
    }
    if (!startTransaction) throw new CommandError('InvalidOptions', 'Specifying startTransaction=false is not allowed.')
  }
}

function requireApiVersion({ apiVersion, apiStrict, apiDeprecationErrors }: GenericArguments): void {
  if (apiVersion === undefined) {
    if (apiStrict === undefined && apiDeprecationErrors === undefined) return
    throw new CommandError(
      'Location4886600',
      'Provided apiStrict and/or apiDeprecationErrors without passing apiVersion',
    )
  }
  if (apiVersion !== '1') throw new CommandError('APIVersionError', `API version must be "1", not "${apiVersion}"`)
}

/** `{ apiVersion: "1", apiStrict: true }`: what was given of the versioned API; `{}` for nothing. */
export function showApiParameters({ apiVersion, apiStrict, apiDeprecationErrors }: GenericArguments): string {
  if (apiVersion === undefined) return '{}'
  const given = [`apiVersion: "${apiVersion}"`]
  if (apiStrict !== undefined) given.push(`apiStrict: ${apiStrict}`)
  if (apiDeprecationErrors !== undefined) given.push(`apiDeprecationErrors: ${apiDeprecationErrors}`)
  return `{ ${given.join(', ')} }`
}

function requireString(value: Value, path: string): string {
  if (value.type !== BsonType.string) throw wrongType(value, path, 'string')
  return toName(value)
}

function requireBool(value: Value, path: string): boolean {
  if (value.type !== BsonType.bool) throw wrongType(value, path, 'bool')
  return toBool(value)
}

/** The UUID of `{ id: UUID, [uid] }`. `uid` names a user; there are none, so it cannot tell sessions apart. */
export function parseLsid(value: Value): Uint8Array {
  if (value.type !== BsonType.document) throw wrongType(value, 'lsid', 'object')
  const elements = ElementReader.of(value)
  let id: Uint8Array | undefined
  while (elements.next()) {
    const { name } = elements
    if (name === 'id') id = parseUuid(elements.value)
    else if (name !== 'uid') {
      throw new CommandError('IDLUnknownField', `BSON field 'lsid.${name}' is an unknown field.`)
    } else if (elements.type !== BsonType.binary) throw wrongType(elements.value, 'lsid.uid', 'binData')
  }
  if (id === undefined)
    throw new CommandError('IDLFailedToParse', `BSON field 'lsid.id' is missing but a required field`)
  return id
}

function parseUuid(value: Value): Uint8Array {
  if (value.type !== BsonType.binary) throw wrongType(value, 'lsid.id', 'binData')
  const { subtype, content } = toBinaryParts(value)
  if (subtype !== 4 || content.length !== 16) {
    throw new CommandError('InvalidUUID', `'lsid.id' must be a UUID: a binary of subtype 4 and 16 bytes`)
  }
  return content
}

function parseTxnNumber(value: Value): bigint {
  if (value.type !== BsonType.int64) throw wrongType(value, 'txnNumber', 'long')
  const txnNumber = toInt64(value)
  if (txnNumber < 0n) throw new CommandError('InvalidOptions', 'Transaction number cannot be negative')
  return txnNumber
}

function parseMaxTimeMs(value: Value): number {
  if (!isNumber(value)) throw new CommandError('BadValue', 'maxTimeMS must be a number')
  const ms = toNearestDouble(value)
  if (!(ms >= 0 && ms <= 2 ** 31 - 1)) {
    throw new CommandError('BadValue', `${ms} value for maxTimeMS is out of range [0, 2147483647]`)
  }
  if (!Number.isInteger(ms)) throw new CommandError('BadValue', 'maxTimeMS has non-integral value')
  return ms
}
