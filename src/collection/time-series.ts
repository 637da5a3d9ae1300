/**
 * Time-series collections: a view `X` over the collection `system.buckets.X`, which holds the measurements in buckets
 * (bson/bucket.ts). Reads go through the view; inserts into the collection of the buckets make them.
 */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { toNearestDouble } from '../bson/number.ts'
import { getField } from '../bson/reader.ts'
import { documentBytes, documentValue, isDocument, isString, toText, type Value } from '../bson/value.ts'
import type { BucketFields } from '../bson/bucket.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { showNamespace, type Namespace } from './namespace.ts'

/** What a collection of buckets knows of its measurements. */
export interface TimeSeries extends BucketFields {
  readonly roundingSeconds: number
  readonly spanSeconds: number
}

/** As listCollections shows it: either granularity or both numbers of seconds, and bucketMaxSpanSeconds always. */
export interface TimeSeriesOptions {
  readonly timeField: string
  readonly metaField: string | undefined
  readonly granularity: Granularity | undefined
  readonly bucketRoundingSeconds: number | undefined
  readonly bucketMaxSpanSeconds: number
}

export type Granularity = keyof typeof granularities

/** Source: MongoDB manual, "Set granularity for time series data". */
export const granularities = {
  seconds: { roundingSeconds: 60, spanSeconds: 3600 },
  minutes: { roundingSeconds: 3600, spanSeconds: 86_400 },
  hours: { roundingSeconds: 86_400, spanSeconds: 2_592_000 },
} as const

export const encodeTimeSeries = (options: TimeSeriesOptions): Uint8Array => encodeDocument({ ...options })

/** What the options of a collection say; undefined when it is not one of buckets. */
export function timeSeriesOf(options: Uint8Array): TimeSeries | undefined {
  const series = getField(options, 'timeseries')
  if (!isDocument(series)) return undefined
  const { timeField, metaField, granularity, bucketRoundingSeconds, bucketMaxSpanSeconds } = decodeTimeSeries(series)
  return {
    timeField,
    metaField,
    roundingSeconds: bucketRoundingSeconds ?? granularities[granularity ?? 'seconds'].roundingSeconds,
    spanSeconds: bucketMaxSpanSeconds,
  }
}

export function decodeTimeSeries(series: Value): TimeSeriesOptions {
  const bytes = documentBytes(series)
  const text = (name: string): string | undefined => {
    const value = getField(bytes, name)
    return isString(value) ? toText(value) : undefined
  }
  const number = (name: string): number | undefined => {
    const value = getField(bytes, name)
    return value && toNearestDouble(value)
  }
  const granularity = text('granularity')
  return {
    timeField: must(text('timeField'), 'timeField of a time series'),
    metaField: text('metaField'),
    granularity: granularity !== undefined && granularity in granularities ? (granularity as Granularity) : undefined,
    bucketRoundingSeconds: number('bucketRoundingSeconds'),
    bucketMaxSpanSeconds: must(number('bucketMaxSpanSeconds'), 'bucketMaxSpanSeconds of a time series'),
  }
}

/** The pipeline of the view: what a time-series collection makes of its buckets. */
export function unpackingPipeline({ timeField, metaField, bucketMaxSpanSeconds }: TimeSeriesOptions): Value[] {
  const spec: Encodable = { timeField, metaField, bucketMaxSpanSeconds }
  return [documentValue(encodeDocument({ $_internalUnpackBucket: spec }))]
}

export function bucketsInTransaction(namespace: Namespace): CommandError {
  return new CommandError(
    'OperationNotSupportedInTransaction',
    `Cannot write to the time-series collection ${showNamespace(namespace)} in a multi-document transaction`,
  )
}

const nextBucketKey = Buffer.from('next-bucket')

/** The first of `count` numbers that no bucket had before, all in a row. */
export async function reserveBucketNumbers(transaction: WriteTransaction, count: number): Promise<bigint> {
  const bytes = await transaction.get('meta', nextBucketKey)
  const first = bytes === undefined ? 1n : Buffer.from(bytes).readBigUInt64BE()
  const next = Buffer.alloc(8)
  next.writeBigUInt64BE(first + BigInt(count))
  transaction.put('meta', nextBucketKey, next)
  return first
}
