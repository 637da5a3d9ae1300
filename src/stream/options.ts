/** Parses `{ $changeStream: { … } }`: what to watch, what events look like, where to start. */
import { CommandError } from '../base/errors.ts'
import { ElementReader } from '../bson/reader.ts'
import { BsonType, documentBytes, toBool, toText, toTimestamp, typeName, type Value } from '../bson/value.ts'
import { decodeResumeToken, highWaterMarkToken, type TokenParts } from '../oplog/resume-token.ts'
import type { ClusterTime } from '../oplog/cluster-time.ts'
import type { EventShape } from './event.ts'
import type { Scope } from './scope.ts'

/** Where a stream starts. `token` is what its first postBatchResumeToken is. */
export type Start =
  | { readonly kind: 'now' }
  /** With the first event at or behind this time. */
  | { readonly kind: 'at'; readonly time: ClusterTime; readonly token: Uint8Array }
  /** With what is behind the token's event, or behind its fragment of it. */
  | { readonly kind: 'after'; readonly parts: TokenParts; readonly token: Uint8Array }

export interface ChangeStreamOptions {
  readonly scope: Scope
  readonly shape: EventShape
  readonly start: Start
}

/** The command around the stage. `coll` is undefined for `aggregate: 1`. */
export interface StageTarget {
  readonly db: string
  readonly coll: string | undefined
  readonly apiStrict: boolean
}

const stable = new Set([
  'resumeAfter',
  'startAfter',
  'startAtOperationTime',
  'fullDocument',
  'fullDocumentBeforeChange',
  'allChangesForCluster',
])

/** Options of MongoDB's that we know and do not have. */
const unsupported = new Set(['allowToRunOnConfigDB', 'allowToRunOnSystemNS'])

/** @throws CommandError, with the code and in the order of the server's own checks. */
export function parseChangeStream(stage: Value, target: StageTarget): ChangeStreamOptions {
  const fields = readOptions(stage, target)
  const text = <const Word extends string>(name: string, words: readonly Word[], fallback: Word): Word => {
    const value = fields.get(name)
    if (value === undefined) return fallback
    const word = words.find(candidate => candidate === toText(requireType(name, value, BsonType.string, 'string')))
    if (word !== undefined) return word
    throw new CommandError(
      'BadValue',
      `Enumeration value '${toText(value)}' for field '$changeStream.${name}' is not a valid value.`,
    )
  }
  const flag = (name: string): boolean => {
    const value = fields.get(name)
    return value !== undefined && toBool(requireType(name, value, BsonType.bool, 'bool'))
  }
  const shape: EventShape = {
    fullDocument: text('fullDocument', ['default', 'updateLookup', 'whenAvailable', 'required'], 'default'),
    fullDocumentBeforeChange: text('fullDocumentBeforeChange', ['off', 'whenAvailable', 'required'], 'off'),
    showExpandedEvents: flag('showExpandedEvents'),
    showRawUpdateDescription: flag('showRawUpdateDescription'),
    matchCollectionUUIDForUpdateLookup: flag('matchCollectionUUIDForUpdateLookup'),
  }
  flag('showMigrationEvents') // There are no migrations on one machine, so there is nothing more to show.
  for (const name of unsupported) {
    if (flag(name)) throw new CommandError('NotImplemented', `'$changeStream.${name}' is not supported yet`)
  }
  for (const name of ['resumeAfter', 'startAfter']) {
    const value = fields.get(name)
    if (value !== undefined) requireType(name, value, BsonType.document, 'object')
  }
  const at = fields.get('startAtOperationTime')
  if (at !== undefined) requireType('startAtOperationTime', at, BsonType.timestamp, 'timestamp')
  const scope = scopeOf(target, {
    allChangesForCluster: flag('allChangesForCluster'),
    showsSystem: flag('showSystemEvents'),
  })
  return { scope, shape, start: startOf(fields, scope) }
}

function readOptions(stage: Value, { apiStrict }: StageTarget): Map<string, Value> {
  if (stage.type !== BsonType.document) {
    throw new CommandError(
      'Location6188500',
      `$changeStream must take a nested object but found: $changeStream: ${typeName(stage)}`,
    )
  }
  const known = new Set([
    ...stable,
    ...unsupported,
    'showExpandedEvents',
    'showSystemEvents',
    'showRawUpdateDescription',
    'showMigrationEvents',
    'matchCollectionUUIDForUpdateLookup',
  ])
  const fields = new Map<string, Value>()
  const elements = ElementReader.of(stage)
  while (elements.next()) {
    const { name, value } = elements
    if (!known.has(name)) {
      throw new CommandError('IDLUnknownField', `BSON field '$changeStream.${name}' is an unknown field.`)
    }
    if (apiStrict && !stable.has(name)) {
      throw new CommandError(
        'APIStrictError',
        `BSON field '$changeStream.${name}' is not allowed with apiStrict:true in API Version 1.`,
      )
    }
    if (value.type !== BsonType.null) fields.set(name, value)
  }
  return fields
}

function requireType(name: string, value: Value, type: number, expected: string): Value {
  if (value.type === type) return value
  throw new CommandError(
    'TypeMismatch',
    `BSON field '$changeStream.${name}' is the wrong type '${typeName(value)}', expected type '${expected}'`,
  )
}

function scopeOf(
  { db, coll }: StageTarget,
  { allChangesForCluster, showsSystem }: { readonly allChangesForCluster: boolean; readonly showsSystem: boolean },
): Scope {
  if (allChangesForCluster) {
    if (db === 'admin' && coll === undefined) return { kind: 'deployment', showsSystem }
    throw new CommandError(
      'InvalidOptions',
      `A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database, and with no collection ` +
        `name; found ${coll === undefined ? db : `${db}.${coll}`}`,
    )
  }
  if (db === 'admin' || db === 'config' || db === 'local') {
    throw new CommandError('InvalidNamespace', `$changeStream may not be opened on the internal ${db} database`)
  }
  if (coll?.startsWith('system.') === true) {
    throw new CommandError(
      'InvalidNamespace',
      `$changeStream may not be opened on the internal ${db}.${coll} collection`,
    )
  }
  return coll === undefined ? { kind: 'database', db, showsSystem } : { kind: 'collection', namespace: { db, coll } }
}

function startOf(fields: ReadonlyMap<string, Value>, scope: Scope): Start {
  const resumeAfter = fields.get('resumeAfter')
  const startAfter = fields.get('startAfter')
  const at = fields.get('startAtOperationTime')
  if (resumeAfter !== undefined && startAfter !== undefined) {
    throw new CommandError(
      'Location50865',
      "Do not specify both 'resumeAfter' and 'startAfter' in a $changeStream stage",
    )
  }
  const given = resumeAfter ?? startAfter
  if (given === undefined) {
    if (at === undefined) return { kind: 'now' }
    const time = toTimestamp(at)
    return { kind: 'at', time, token: highWaterMarkToken(time) }
  }
  const parts = decodeResumeToken(given)
  if (at !== undefined) {
    throw new CommandError('Location40674', 'Only one type of resume option is allowed, but multiple were found')
  }
  if (parts.fromInvalidate && resumeAfter !== undefined) {
    throw new CommandError(
      'InvalidResumeToken',
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification",
    )
  }
  if (scope.kind === 'collection' && parts.tokenType === 'event' && parts.uuid === undefined) {
    throw new CommandError(
      'InvalidResumeToken',
      'Attempted to resume a single collection stream, but the resume token does not include a UUID',
    )
  }
  const token = documentBytes(given)
  return parts.tokenType === 'high-water-mark'
    ? { kind: 'at', time: parts.clusterTime, token }
    : { kind: 'after', parts, token }
}
