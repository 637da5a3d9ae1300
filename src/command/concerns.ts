/** Read and write concerns: what a deployment of one member, which answers only what is durable, makes of them. */
import { codeOf, CommandError, type CodeName } from '../base/errors.ts'
import { encodeDocument } from '../bson/encode.ts'
import { toNearestDouble } from '../bson/number.ts'
import { ElementReader } from '../bson/reader.ts'
import { BsonType, isNumber, toText, toTimestamp, type Value } from '../bson/value.ts'
import { wrongType } from './fields.ts'

export interface ReadConcern {
  readonly level: string | undefined
  /** As one number; undefined when the read may see any durable state. */
  readonly afterClusterTime: bigint | undefined
  /** The state that a snapshot read is to see; undefined for the newest. */
  readonly atClusterTime: bigint | undefined
}

const levels = ['local', 'available', 'majority', 'linearizable', 'snapshot']

/** All levels but snapshot are the same here: there is nothing that could be rolled back. */
export function parseReadConcern(value: Value): ReadConcern {
  if (value.type !== BsonType.document) throw wrongType(value, 'readConcern', 'object')
  let level: string | undefined
  let afterClusterTime: bigint | undefined
  let atClusterTime: bigint | undefined
  const elements = ElementReader.of(value)
  while (elements.next()) {
    const { name } = elements
    switch (name) {
      case 'level':
        level = parseLevel(elements.value)
        break
      case 'afterClusterTime':
        afterClusterTime = parseTime(elements.value, name)
        break
      case 'atClusterTime':
        atClusterTime = parseTime(elements.value, name)
        break
      default:
        throw new CommandError('IDLUnknownField', `BSON field 'readConcern.${name}' is an unknown field.`)
    }
  }
  if (atClusterTime !== undefined) requireAtClusterTime(atClusterTime, level, afterClusterTime)
  return { level, afterClusterTime, atClusterTime }
}

function parseTime(value: Value, name: string): bigint {
  if (value.type !== BsonType.timestamp) throw wrongType(value, `readConcern.${name}`, 'timestamp')
  return toTimestamp(value)
}

function requireAtClusterTime(time: bigint, level: string | undefined, afterClusterTime: bigint | undefined): void {
  if (level !== 'snapshot') {
    throw new CommandError('InvalidOptions', "readConcern.atClusterTime is only there for the level 'snapshot'")
  }
  if (afterClusterTime !== undefined) {
    throw new CommandError('InvalidOptions', 'readConcern has atClusterTime or afterClusterTime, not both')
  }
  if (time === 0n) throw new CommandError('InvalidOptions', 'readConcern.atClusterTime cannot be a null timestamp')
}

function parseLevel(value: Value): string {
  if (value.type !== BsonType.string) throw wrongType(value, 'readConcern.level', 'string')
  const level = toText(value)
  if (!levels.includes(level)) {
    throw new CommandError(
      'FailedToParse',
      `readConcern.level must be either 'local', 'majority', 'linearizable', 'available', or 'snapshot', not '${level}'`,
    )
  }
  return level
}

export interface WriteConcern {
  readonly w: number | string
}

/** `j`, `fsync` and `wtimeout` are checked and have no effect: every write is durable before it is answered. */
export function parseWriteConcern(value: Value): WriteConcern {
  if (value.type !== BsonType.document) throw wrongType(value, 'writeConcern', 'object')
  let w: number | string = 'majority'
  const elements = ElementReader.of(value)
  while (elements.next()) {
    const { name } = elements
    switch (name) {
      case 'w':
        w = parseW(elements.value)
        break
      case 'j':
      case 'fsync':
        if (elements.type !== BsonType.bool && !isNumber(elements.value)) {
          throw new CommandError('FailedToParse', `${name} must be numeric or a boolean value`)
        }
        break
      case 'wtimeout':
        if (!isNumber(elements.value)) throw new CommandError('FailedToParse', 'wtimeout must be a number')
        break
      default:
        throw new CommandError('FailedToParse', `unrecognized write concern field: ${name}`)
    }
  }
  return { w }
}

function parseW(value: Value): number | string {
  if (value.type === BsonType.string) return toText(value)
  if (!isNumber(value)) throw new CommandError('FailedToParse', 'w has to be a number or a string')
  const w = toNearestDouble(value)
  if (!(w >= 0 && w <= 50)) {
    throw new CommandError('FailedToParse', 'w has to be a non-negative number and not greater than 50')
  }
  return w
}

/** The `writeConcernError` of a write that was done but cannot be what it asked for; undefined for all others. */
export function writeConcernErrorOf({ w }: WriteConcern): Uint8Array | undefined {
  if (typeof w === 'string') {
    if (w === 'majority') return undefined
    return writeConcernError(
      'UnknownReplWriteConcern',
      w,
      `No write concern mode named '${w}' found in replica set configuration`,
    )
  }
  return w <= 1 ? undefined : writeConcernError('UnsatisfiableWriteConcern', w, 'Not enough data-bearing nodes')
}

function writeConcernError(codeName: CodeName, w: number | string, errmsg: string): Uint8Array {
  const writeConcern = { w, wtimeout: 0, provenance: 'clientSupplied' }
  return encodeDocument({ code: codeOf(codeName), codeName, errmsg, errInfo: { writeConcern } })
}
