/** Replies as bytes: what a command gave or what it failed with, and the times that every reply carries. */
import type { CommandError } from '../base/errors.ts'
import { replyBytesUsual, replyRoomBytes, replySlabBytes } from '../base/limits.ts'
import { type Encodable, writeFields } from '../bson/encode.ts'
import { BsonWriter } from '../bson/writer.ts'
import type { ClusterTime } from '../oplog/cluster-time.ts'
import { isNotPrimaryError } from './error-labels.ts'
import type { Reply } from './operation.ts'
import { topologyCounter } from './server-facts.ts'

/** `{ …fields, [writeConcernError], ok: 1, $clusterTime, operationTime }`, `replyRoomBytes` of its buffer in front of it. */
export function encodeSuccess(fields: Reply, { time, writeConcernError, errorLabels }: SuccessOptions): Uint8Array {
  const writer = beginReply()
  writeFields(writer, fields)
  if (writeConcernError !== undefined) writer.document('writeConcernError', writeConcernError)
  if (errorLabels.length > 0) writeFields(writer, { errorLabels })
  writer.double('ok', 1)
  writeTimes(writer, time)
  return endReply(writer)
}

export interface SuccessOptions {
  /** Of the newest commit. */
  readonly time: ClusterTime
  readonly writeConcernError: Uint8Array | undefined
  readonly errorLabels: readonly string[]
}

/** `{ ok: 0, errmsg, code, codeName, …details, [errorLabels], [topologyVersion], $clusterTime, operationTime }`, with the same room. */
export function encodeFailure(error: CommandError, { time, processId, errorLabels }: FailureOptions): Uint8Array {
  const { code } = error
  const writer = beginReply()
  writer.double('ok', 0)
  writer.string('errmsg', error.message)
  writer.int32('code', code)
  writer.string('codeName', error.codeName)
  writeFields(writer, error.details as Readonly<Record<string, Encodable>>)
  if (errorLabels !== undefined) writeFields(writer, { errorLabels })
  if (isNotPrimaryError(code)) {
    writer.startDocument('topologyVersion')
    writer.objectId('processId', processId)
    writer.int64('counter', topologyCounter)
    writer.end()
  }
  writeTimes(writer, time)
  return endReply(writer)
}

export interface FailureOptions {
  readonly time: ClusterTime
  readonly processId: Uint8Array
  /** Undefined leaves the field out. */
  readonly errorLabels: readonly string[] | undefined
}

/**
 * Replies lie behind each other in slabs, so that no buffer is made for each, and none has to grow. A reply that its client does not take
 * keeps its slab, so slabs are small, and what does not fit in gets a buffer of its own.
 */
let slab = Buffer.alloc(0)
let slabUsed = 0

/** One at a time: it is ended or given up before the next begins. */
function beginReply(): BsonWriter {
  if (slab.length - slabUsed < replyBytesUsual) {
    slab = Buffer.allocUnsafeSlow(replySlabBytes)
    slabUsed = 0
  }
  return new BsonWriter({ bytes: slab, begin: slabUsed + replyRoomBytes, room: replyRoomBytes })
}

function endReply(writer: BsonWriter): Uint8Array {
  const document = writer.finishInPlace()
  if (document.buffer === slab.buffer) slabUsed = document.byteOffset + document.length
  return document
}

const noHash = new Uint8Array(20)

/** The times as elements, of the reply before: until the next commit they are those of all replies. */
let lastTimes: { readonly time: ClusterTime; readonly elements: Uint8Array } | undefined

function writeTimes(writer: BsonWriter, time: ClusterTime): void {
  if (lastTimes?.time !== time) lastTimes = { time, elements: encodeTimes(time) }
  writer.elements(lastTimes.elements, 0, lastTimes.elements.length)
}

/** Nobody signs cluster times where there are no keys; drivers take the zeros along and give them back. */
function encodeTimes(time: ClusterTime): Uint8Array {
  const writer = new BsonWriter()
  writer.startDocument('$clusterTime')
  writer.timestamp('clusterTime', time)
  writer.startDocument('signature')
  writer.binary('hash', 0, noHash)
  writer.int64('keyId', 0n)
  writer.end()
  writer.end()
  writer.timestamp('operationTime', time)
  return writer.finish().subarray(4, -1)
}
