/** Change → change event, pure: the document that a stream delivers, in the server's own order of fields. */
import { createHash } from 'node:crypto'
import { unreachable } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { getField } from '../bson/reader.ts'
import { isString, toText } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { afterUpdate } from '../collection/apply.ts'
import { bucketsPrefix } from '../collection/views.ts'
import { showClusterTime } from '../oplog/cluster-time.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { TokenVersion } from '../oplog/resume-token.ts'
import { describeDiff } from '../update/description.ts'
import { tokenOf, type ChangeBasis } from './change.ts'

/** The options that decide what an event looks like. Streams with equal shapes share the bytes of their events. */
export interface EventShape {
  readonly fullDocument: 'default' | 'updateLookup' | 'whenAvailable' | 'required'
  readonly fullDocumentBeforeChange: 'off' | 'whenAvailable' | 'required'
  readonly showExpandedEvents: boolean
  readonly showRawUpdateDescription: boolean
  /** With updateLookup: a document of a collection that was created anew under the name does not count. */
  readonly matchCollectionUUIDForUpdateLookup: boolean
  /** Of the events' tokens. */
  readonly tokenVersion: TokenVersion
}

/** Equal for equal shapes. A stream's shape is asked for its key with each change, so it is made once. */
export function shapeKeyOf(shape: EventShape): string {
  const known = keys.get(shape)
  if (known !== undefined) return known
  const key = [
    shape.fullDocument,
    shape.fullDocumentBeforeChange,
    shape.showExpandedEvents,
    shape.showRawUpdateDescription,
    shape.matchCollectionUUIDForUpdateLookup,
    shape.tokenVersion,
  ].join(' ')
  keys.set(shape, key)
  return key
}

const keys = new WeakMap<EventShape, string>()

export interface ChangeEvent {
  readonly event: Uint8Array
  /** Its `_id`. */
  readonly token: Uint8Array
  /**
   * An image that is `required` and was not kept. Thrown only when somebody is to be given the event: a $match that leaves
   * it out saves the stream.
   */
  readonly missingImage: CommandError | undefined
}

/** Whether the event needs the document as it is now, and the caller has to read it. */
export const needsLookup = ({ operationType }: ChangeBasis, { fullDocument }: EventShape): boolean =>
  operationType === 'update' && fullDocument === 'updateLookup'

/** `current` is the looked-up document; undefined when it is gone, or was not asked for. */
export function makeEvent(change: ChangeBasis, shape: EventShape, current: Uint8Array | undefined): ChangeEvent {
  const { entry, operationType, namespace, position } = change
  const token = tokenOf(change, { version: shape.tokenVersion, fromInvalidate: false })
  const writer = new BsonWriter(entry.o.length + token.length * 2 + (entry.preImage?.length ?? 0) * 2 + 256)
  let missingImage: CommandError | undefined
  const missing = (what: string) => (missingImage ??= imageNotFound(change, what))

  if (change.to !== undefined) {
    writer.startDocument('to')
    writer.string('db', change.to.db)
    writer.string('coll', change.to.coll)
    writer.end()
  }
  if (entry.transaction !== undefined) writeTransaction(writer, entry.transaction)
  writer.document('_id', token)
  writer.string('operationType', operationType)
  writer.timestamp('clusterTime', position.time)
  if (shape.showExpandedEvents && entry.ui !== undefined && !change.isOfView)
    writer.binary('collectionUUID', 4, entry.ui)
  writer.date('wallTime', entry.wallMs)
  writeFullDocument(writer, change, shape, current, missing)
  writer.startDocument('ns')
  writer.string('db', namespace.db)
  if (namespace.coll !== undefined) writer.string('coll', namespace.coll)
  writer.end()
  if (change.documentKey !== undefined) writer.document('documentKey', change.documentKey)
  if (shape.showExpandedEvents && change.operationDescription !== undefined) {
    writer.document('operationDescription', change.operationDescription)
  }
  if (change.diff !== undefined) {
    if (shape.showRawUpdateDescription) writer.document('rawUpdateDescription', entry.o)
    else {
      const description = describeDiff(change.diff, { disambiguatedPaths: shape.showExpandedEvents })
      writer.document('updateDescription', description)
    }
  }
  if (change.stateBeforeChange !== undefined) writer.document('stateBeforeChange', change.stateBeforeChange)
  if (operationType === 'create') writer.string('nsType', nsTypeOf(change))
  writePreImage(writer, change, shape, missing)
  return { event: writer.finish(), token, missingImage }
}

/** SHA-256 of no bytes: what sessions of nobody in particular have for the name of their user. */
const nobodysUid = createHash('sha256').digest()

function writeTransaction(writer: BsonWriter, { lsid, txnNumber }: TransactionId): void {
  writer.int64('txnNumber', txnNumber)
  writer.startDocument('lsid')
  writer.binary('id', 4, lsid)
  writer.binary('uid', 0, nobodysUid)
  writer.end()
}

function nsTypeOf({ isOfView, entry }: ChangeBasis): string {
  if (!isOfView) return 'collection'
  const viewOn = getField(entry.o, 'viewOn')
  return isString(viewOn) && toText(viewOn).startsWith(bucketsPrefix) ? 'timeseries' : 'view'
}

function writeFullDocument(
  writer: BsonWriter,
  { operationType, entry }: ChangeBasis,
  { fullDocument }: EventShape,
  current: Uint8Array | undefined,
  missing: (what: string) => void,
): void {
  if (operationType === 'insert' || operationType === 'replace') return writer.document('fullDocument', entry.o)
  if (operationType !== 'update') return
  switch (fullDocument) {
    case 'default':
      return
    case 'updateLookup':
      return current === undefined ? writer.null('fullDocument') : writer.document('fullDocument', current)
    case 'whenAvailable':
    case 'required': {
      const { preImage } = entry
      if (preImage !== undefined) return writer.document('fullDocument', afterUpdate(preImage, entry.o))
      if (fullDocument === 'required') missing('post-image')
      return writer.null('fullDocument')
    }
    default:
      return unreachable(fullDocument)
  }
}

function writePreImage(
  writer: BsonWriter,
  { operationType, entry }: ChangeBasis,
  { fullDocumentBeforeChange }: EventShape,
  missing: (what: string) => void,
): void {
  if (fullDocumentBeforeChange === 'off') return
  if (operationType !== 'update' && operationType !== 'replace' && operationType !== 'delete') return
  if (entry.preImage !== undefined) return writer.document('fullDocumentBeforeChange', entry.preImage)
  if (fullDocumentBeforeChange === 'required') missing('pre-image')
  writer.null('fullDocumentBeforeChange')
}

function imageNotFound({ operationType, namespace, position }: ChangeBasis, what: string): CommandError {
  return new CommandError(
    'NoMatchingDocument',
    `Change stream was configured to require a ${what} for all update, delete and replace events, but the ${what} was ` +
      `not found for event: { operationType: "${operationType}", ns: { db: "${namespace.db}", coll: "${namespace.coll}" }, ` +
      `clusterTime: ${showClusterTime(position.time)} }`,
  )
}

/**
 * The event after which a stream cannot go on. It has the place, the time and the identifier of what caused it. `version` is that
 * of its token.
 */
export function makeInvalidate(change: ChangeBasis, { version }: { readonly version: TokenVersion }): ChangeEvent {
  const token = tokenOf(change, { version, fromInvalidate: true })
  const writer = new BsonWriter()
  writer.document('_id', token)
  writer.string('operationType', 'invalidate')
  writer.timestamp('clusterTime', change.position.time)
  writer.date('wallTime', change.entry.wallMs)
  return { event: writer.finish(), token, missingImage: undefined }
}
