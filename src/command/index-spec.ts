/** Index specifications as users write them: checked, and in the form in which they are kept and shown. */
import { CommandError } from '../base/errors.ts'
import { parseCollation } from '../bson/collation.ts'
import { equalValues } from '../bson/compare.ts'
import { documentOf, encodeDocument } from '../bson/encode.ts'
import { toExactInteger, toNearestDouble } from '../bson/number.ts'
import { elementsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { isNumber, isString, toText, type Value } from '../bson/value.ts'
import { compileMatch } from '../query/match.ts'
import {
  bool,
  document,
  falsy,
  integer,
  notSupported,
  optional,
  readDocumentFields,
  string,
  withoutEffect,
} from './fields.ts'

const table = {
  v: optional(integer, 2),
  key: document,
  name: string,
  unique: optional(bool, false),
  sparse: optional(bool, false),
  hidden: optional(bool, false),
  partialFilterExpression: optional(document),
  expireAfterSeconds: optional(integer),
  collation: optional(document),
  background: withoutEffect, // Every build lets writes go on.
  ns: withoutEffect, // Drivers of old send it.
  storageEngine: notSupported(),
  wildcardProjection: notSupported(),
  weights: notSupported(),
  default_language: notSupported(),
  language_override: notSupported(),
  textIndexVersion: notSupported(),
  '2dsphereIndexVersion': notSupported(),
  bits: notSupported(),
  min: notSupported(),
  max: notSupported(),
  bucketSize: notSupported(),
  dropDups: notSupported(falsy),
  clustered: notSupported(falsy),
  prepareUnique: notSupported(falsy),
}

/** The longest time after which a document may expire, in seconds: int32. */
const expireSecondsMax = 2_147_483_647

export interface IndexSpecOptions {
  /** Where it stands, for messages. */
  readonly path: string
  /** Whether options that nobody knows are left out; else they are refused. */
  readonly ignoresUnknown: boolean
  /** The collection's collation, for an index that names none. */
  readonly inherited: Value | undefined
}

/** @throws CommandError for a specification that the server would refuse, or that we cannot keep the promise of. */
export function parseIndexSpec(value: Value, { path, ignoresUnknown, inherited }: IndexSpecOptions): Uint8Array {
  const known = elementsOf(value).filter(([name]) => isKnown(name, value, ignoresUnknown))
  const spec = readDocumentFields(path, documentOf(known), table)
  if (spec.name === '') throw new CommandError('CannotCreateIndex', 'index name cannot be empty')
  const fields = elementsOf(spec.key)
  if (fields.length === 0) throw new CommandError('CannotCreateIndex', 'Index keys cannot be an empty object')
  for (const [field, direction] of fields) requireKeyField(field, direction, spec.key)
  const { partialFilterExpression, expireAfterSeconds } = spec
  if (partialFilterExpression !== undefined) {
    compileMatch(partialFilterExpression, {})
    if (spec.sparse) {
      throw new CommandError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
    }
  }
  if (expireAfterSeconds !== undefined && (expireAfterSeconds < 0 || expireAfterSeconds > expireSecondsMax)) {
    throw new CommandError(
      'CannotCreateIndex',
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, between 0 and ${expireSecondsMax}`,
    )
  }
  if (expireAfterSeconds !== undefined && fields.length > 1) {
    throw new CommandError(
      'CannotCreateIndex',
      'TTL indexes are single-field indexes, compound indexes do not support TTL',
    )
  }
  const collation = parseCollation(spec.collation ?? inherited)
  if (isIdKey(fields) && !equalValues(collation?.spec, inherited)) {
    throw new CommandError('BadValue', 'The _id index must have the same collation as the collection')
  }
  return encodeDocument({
    v: 2,
    key: spec.key,
    // There is one on _id already, whatever this one was to be called. Source: MongoDB, index specifications.
    name: isIdKey(fields) ? '_id_' : spec.name,
    unique: spec.unique || undefined,
    sparse: spec.sparse || undefined,
    hidden: spec.hidden || undefined,
    partialFilterExpression,
    expireAfterSeconds,
    collation: collation?.spec,
  })
}

const isIdKey = (fields: readonly (readonly [name: string, direction: Value])[]): boolean => {
  const [first, ...others] = fields
  return others.length === 0 && first?.[0] === '_id' && isNumber(first[1]) && toExactInteger(first[1]) === 1n
}

function isKnown(name: string, spec: Value, ignoresUnknown: boolean): boolean {
  if (Object.hasOwn(table, name)) return true
  if (ignoresUnknown) return false
  throw new CommandError(
    'InvalidIndexSpecificationOption',
    `The field '${name}' is not valid for an index specification. Specification: ${show(spec)}`,
  )
}

function requireKeyField(field: string, direction: Value, key: Value): void {
  if (field === '' || field.split('.').includes('')) {
    throw new CommandError('CannotCreateIndex', `Index keys cannot contain an empty field: ${show(key)}`)
  }
  if (isNumber(direction)) {
    if (toExactInteger(direction) !== 0n && !Number.isNaN(toNearestDouble(direction))) return
    throw new CommandError('CannotCreateIndex', `Values in the index key pattern cannot be 0: ${show(key)}`)
  }
  const kind = isString(direction) ? toText(direction) : show(direction)
  if (kind === 'hashed') return
  const known = ['text', '2d', '2dsphere', 'geoHaystack'].includes(kind)
  throw known
    ? new CommandError('NotImplemented', `an index of type '${kind}' is not supported yet`)
    : new CommandError('CannotCreateIndex', `Unknown index plugin '${kind}'`)
}
