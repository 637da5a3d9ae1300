/**
 * Measurements of a time-series collection, and the buckets in which they are stored.
 *
 *   measurement  { t: date, m: 'x', v: 1, _id: … }            t: the time field, m: the meta field
 *   bucket       { _id: ObjectId, control: { version: 1, min: { t, v, _id }, max: { t, v, _id } }, meta: 'x',
 *                  data: { t: { '0': date }, v: { '0': 1 }, _id: { '0': … } } }
 *
 * The format is MongoDB's first. A bucket here holds one measurement: what is said of many at once would only pay with a planner
 * that asks it. The seconds of its _id are those of its time, rounded down, so that buckets lie in the order of time.
 *
 * Law: a bucket gives back its measurement, the time first and the meta field second.
 */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { documentBytesMax } from '../base/limits.ts'
import { objectIdValue } from './encode.ts'
import { ElementReader, firstElement, getField } from './reader.ts'
import { BsonType, documentBytes, isDocument, toDateMs, type Value } from './value.ts'
import { BsonWriter } from './writer.ts'

export interface BucketFields {
  readonly timeField: string
  /** Undefined when measurements have no field of that kind. */
  readonly metaField: string | undefined
}

export interface PackOptions extends BucketFields {
  /** A bucket's time is a multiple of this. */
  readonly roundingSeconds: number
  /** Larger than that of every bucket before, so that buckets of one time lie in the order in which they came. */
  readonly number: bigint
  /** For a measurement that has none. */
  readonly newId: () => Uint8Array
}

/** @throws CommandError BadValue for a measurement without a time, BSONObjectTooLarge. */
export function packMeasurement(measurement: Uint8Array, options: PackOptions): { document: Uint8Array; id: Value } {
  const { timeField, metaField, roundingSeconds } = options
  const time = getField(measurement, timeField)
  if (time?.type !== BsonType.date) {
    throw new CommandError('BadValue', `'${timeField}' must be present and contain a valid BSON UTC datetime value`)
  }
  const seconds = Math.floor(toDateMs(time) / 1000 / roundingSeconds) * roundingSeconds
  const id = objectIdValue(bucketId(seconds, options.number))
  const givenId = getField(measurement, '_id')
  const ownId = givenId === undefined ? objectIdValue(options.newId()) : undefined
  const meta = metaField === undefined ? undefined : getField(measurement, metaField)

  const writer = new BsonWriter(measurement.length * 3 + 256)
  const eachField = (write: (name: string, value: Value) => void) => {
    if (ownId !== undefined) write('_id', ownId)
    const elements = new ElementReader(measurement)
    while (elements.next()) if (elements.name !== metaField) write(elements.name, elements.value)
  }
  writer.value('_id', id)
  writer.startDocument('control')
  writer.int32('version', 1)
  writer.startDocument('min')
  eachField((name, value) => (name === timeField ? writer.date(name, seconds * 1000) : writer.value(name, value)))
  writer.end()
  writer.startDocument('max')
  eachField((name, value) => writer.value(name, value))
  writer.end()
  writer.end()
  if (meta !== undefined) writer.value('meta', meta)
  writer.startDocument('data')
  eachField((name, value) => {
    writer.startDocument(name)
    writer.value('0', value)
    writer.end()
  })
  writer.end()
  const document = writer.finish()
  if (document.length > documentBytesMax) {
    throw new CommandError(
      'BSONObjectTooLarge',
      `the bucket of a measurement would have ${document.length} bytes, max size: ${documentBytesMax}`,
    )
  }
  return { document, id }
}

/** Seconds, as an ObjectId has them, then the number. A time outside of 1970 to 2106 wraps around, as in MongoDB. */
function bucketId(seconds: number, number: bigint): Uint8Array {
  const id = Buffer.alloc(12)
  id.writeUInt32BE(seconds >>> 0)
  id.writeBigUInt64BE(number, 4)
  return id
}

/** The measurement in a bucket. @throws CommandError BadValue for what is no bucket. */
export function unpackBucket(bucket: Uint8Array, { timeField, metaField }: BucketFields): Uint8Array {
  const data = getField(bucket, 'data')
  const time = isDocument(data) ? getField(documentBytes(data), timeField) : undefined
  if (!isDocument(data) || !isDocument(time)) {
    throw new CommandError('BadValue', `a bucket holds its measurement in 'data', with '${timeField}' in it`)
  }
  const writer = new BsonWriter(bucket.length)
  writer.value(timeField, only(time))
  const meta = metaField === undefined ? undefined : getField(bucket, 'meta')
  if (metaField !== undefined && meta !== undefined) writer.value(metaField, meta)
  const elements = ElementReader.of(data)
  while (elements.next()) {
    const { name, value } = elements
    if (name !== timeField && isDocument(value)) writer.value(name, only(value))
  }
  return writer.finish()
}

const only = (column: Value): Value => must(firstElement(column), 'value of a column of a bucket')[1]
