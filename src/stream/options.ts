/** Parses `{ $changeStream: { … } }`: what to watch, what events look like, where to start. */
import { CommandError } from '../base/errors.ts'
import { ElementReader, elementsOf } from '../bson/reader.ts'
import { BsonType, toBool, toText, toTimestamp, typeName, type Value } from '../bson/value.ts'
import {
  decodeResumeToken,
  encodeResumeToken,
  highWaterMarkToken,
  requireTokenForm,
  type TokenParts,
  type TokenVersion,
} from '../oplog/resume-token.ts'
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
  /** Of the tokens that the client asked for; 2 if it is not given. */
  readonly tokenVersion?: TokenVersion
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

const known = new Set([
  ...stable,
  ...unsupported,
  'showExpandedEvents',
  'showSystemEvents',
  'showRawUpdateDescription',
  'showMigrationEvents',
  'matchCollectionUUIDForUpdateLookup',
])

/** @throws CommandError, with the code and in the order of the server's own checks. */
export function parseChangeStream(stage: Value, target: StageTarget): ChangeStreamOptions {
  requireStageForm(stage, target)
  const fields = readOptions(stage)
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
  const look = {
    fullDocument: text('fullDocument', ['default', 'updateLookup', 'whenAvailable', 'required'], 'default'),
    fullDocumentBeforeChange: text('fullDocumentBeforeChange', ['off', 'whenAvailable', 'required'], 'off'),
    showExpandedEvents: flag('showExpandedEvents'),
    showRawUpdateDescription: flag('showRawUpdateDescription'),
    matchCollectionUUIDForUpdateLookup: flag('matchCollectionUUIDForUpdateLookup'),
  }
  const allChangesForCluster = flag('allChangesForCluster')
  const showsSystem = flag('showSystemEvents')
  flag('showMigrationEvents') // There are no migrations on one machine, so there is nothing more to show.
  for (const name of unsupported) {
    if (flag(name)) throw new CommandError('NotImplemented', `'$changeStream.${name}' is not supported yet`)
  }
  for (const name of ['resumeAfter', 'startAfter']) {
    const value = fields.get(name)
    if (value !== undefined) requireTokenForm(requireType(name, value, BsonType.document, 'object'))
  }
  const at = fields.get('startAtOperationTime')
  if (at !== undefined) requireType('startAtOperationTime', at, BsonType.timestamp, 'timestamp')
  const scope = scopeOf(target, { allChangesForCluster, showsSystem })
  const { start, tokenVersion } = startOf(fields, scope, target)
  return { scope, shape: { ...look, tokenVersion }, start }
}

/**
 * What is looked at before anything around the stage is.
 *
 * @throws CommandError Location6188500 for a stage that is no object, APIStrictError for an option outside the API.
 */
export function requireStageForm(stage: Value, { apiStrict }: Pick<StageTarget, 'apiStrict'>): void {
  if (stage.type !== BsonType.document) {
    throw new CommandError(
      'Location6188500',
      `$changeStream must take a nested object but found: $changeStream: ${typeName(stage)}`,
    )
  }
  if (!apiStrict) return
  for (const [name] of elementsOf(stage)) {
    if (!known.has(name) || stable.has(name)) continue
    throw new CommandError(
      'APIStrictError',
      `BSON field '$changeStream.${name}' is not allowed with apiStrict:true in API Version 1.`,
    )
  }
}

function readOptions(stage: Value): Map<string, Value> {
  const fields = new Map<string, Value>()
  const elements = ElementReader.of(stage)
  while (elements.next()) {
    const { name, value } = elements
    if (!known.has(name)) {
      throw new CommandError('IDLUnknownField', `BSON field '$changeStream.${name}' is an unknown field.`)
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

/**
 * Where to start, and the version of the stream's tokens: the one asked for, but not less than that of the client's token. So that
 * tokens go up, a high-water mark is made anew in that version.
 */
function startOf(
  fields: ReadonlyMap<string, Value>,
  scope: Scope,
  { tokenVersion: asked = 2 }: StageTarget,
): { readonly start: Start; readonly tokenVersion: TokenVersion } {
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
    if (at === undefined) return { start: { kind: 'now' }, tokenVersion: asked }
    const time = toTimestamp(at)
    return { start: { kind: 'at', time, token: highWaterMarkToken(time, asked) }, tokenVersion: asked }
  }
  const parts = decodeResumeToken(given)
  if (at !== undefined) {
    throw new CommandError('Location40674', 'Only one type of resume option is allowed, but multiple were found')
  }
  if (parts.fromInvalidate && resumeAfter !== undefined) {
    throw new CommandError(
      'InvalidResumeToken',
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification: " +
        "nothing follows there. Use 'startAfter' for a new stream behind it",
    )
  }
  if (scope.kind === 'collection' && parts.tokenType === 'event' && parts.uuid === undefined) {
    throw new CommandError(
      'InvalidResumeToken',
      'Attempted to resume a single collection stream, but the resume token does not include a UUID: it is not of an event ' +
        'of a collection (a token of a stream with another scope?)',
    )
  }
  const tokenVersion = parts.version === 2 ? 2 : asked
  // Made anew, so that it sorts with those that follow and nothing else that the client put in comes back.
  if (parts.tokenType === 'event') {
    return { start: { kind: 'after', parts, token: encodeResumeToken(parts) }, tokenVersion }
  }
  const time = parts.clusterTime
  return { start: { kind: 'at', time, token: highWaterMarkToken(time, tokenVersion) }, tokenVersion }
}
