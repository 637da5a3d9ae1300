/** The options of time-series collections, as users write them. */
import { CommandError } from '../base/errors.ts'
import { isNumber, isString, toText, type Value } from '../bson/value.ts'
import { granularities, type TimeSeriesOptions } from '../collection/time-series.ts'
import { int64, integer, oneOf, optional, readDocumentFields, string, wrongType, type FieldParser } from './fields.ts'

const bucketing = {
  granularity: optional(oneOf('seconds', 'minutes', 'hours')),
  bucketMaxSpanSeconds: optional(integer),
  bucketRoundingSeconds: optional(integer),
}

const table = { timeField: string, metaField: optional(string), ...bucketing }

/** How long a bucket may last, in seconds. Source: MongoDB, 365 days. */
const spanSecondsMax = 31_536_000

const invalid = (message: string): CommandError => new CommandError('InvalidOptions', message)

/** The `timeseries` of create, in the form in which it is kept and shown. @throws CommandError InvalidOptions. */
export function parseTimeSeries(value: Value): TimeSeriesOptions {
  const { timeField, metaField, ...parts } = readDocumentFields('create.timeseries', value, table)
  requireTopLevel('timeField', timeField)
  if (metaField !== undefined) requireTopLevel('metaField', metaField)
  if (metaField === timeField) throw invalid('the metaField and the timeField cannot be the same field')
  return { timeField, metaField, ...(parseBucketing(parts) ?? ofGranularity('seconds')) }
}

function requireTopLevel(option: string, field: string): void {
  if (field === '_id') throw invalid(`'${option}' cannot be "_id"`)
  if (field === '' || field.includes('.') || field.startsWith('$') || field.includes('\0')) {
    throw invalid(`'${option}' must be the name of a top-level field, not '${field}'`)
  }
}

type Bucketing = Pick<TimeSeriesOptions, 'granularity' | 'bucketRoundingSeconds' | 'bucketMaxSpanSeconds'>

interface BucketingParts {
  readonly granularity: keyof typeof granularities | undefined
  readonly bucketMaxSpanSeconds: number | undefined
  readonly bucketRoundingSeconds: number | undefined
}

const ofGranularity = (granularity: keyof typeof granularities): Bucketing => ({
  granularity,
  bucketRoundingSeconds: undefined,
  bucketMaxSpanSeconds: granularities[granularity].spanSeconds,
})

/** Either a granularity, or two equal numbers of seconds; undefined when nothing is said. */
function parseBucketing({
  granularity,
  bucketMaxSpanSeconds: span,
  bucketRoundingSeconds: rounding,
}: BucketingParts): Bucketing | undefined {
  if (granularity !== undefined) {
    // The span that goes with the granularity is what listCollections shows, and tools give it back.
    if (
      rounding === undefined &&
      (span ?? granularities[granularity].spanSeconds) === granularities[granularity].spanSeconds
    ) {
      return ofGranularity(granularity)
    }
    throw invalid('bucketMaxSpanSeconds and bucketRoundingSeconds cannot be set together with granularity')
  }
  if (span === undefined && rounding === undefined) return undefined
  if (span === undefined || rounding === undefined || span !== rounding) {
    throw invalid('bucketMaxSpanSeconds and bucketRoundingSeconds must be set together, and be equal')
  }
  if (span < 1 || span > spanSecondsMax) {
    throw invalid(`bucketMaxSpanSeconds must be between 1 and ${spanSecondsMax}, not ${span}`)
  }
  return { granularity: undefined, bucketRoundingSeconds: rounding, bucketMaxSpanSeconds: span }
}

/** The `timeseries` of collMod: buckets only become longer. @throws CommandError InvalidOptions. */
export function parseTimeSeriesChange(value: Value): (old: TimeSeriesOptions) => TimeSeriesOptions {
  const bucketed = parseBucketing(readDocumentFields('collMod.timeseries', value, bucketing))
  return old => {
    const next = { ...old, ...bucketed }
    if (next.bucketMaxSpanSeconds >= old.bucketMaxSpanSeconds) return next
    throw invalid('Invalid transition for timeseries options: buckets cannot become shorter')
  }
}

/** The longest time after which something may expire, in seconds: int32. */
const expireSecondsMax = 2_147_483_647n

/** A number of seconds, as it is kept. */
export const expirySeconds: FieldParser<bigint> = (value, path) => {
  const seconds = int64(value, path)
  if (seconds >= 0n && seconds <= expireSecondsMax) return seconds
  throw invalid(`'${path}' must be between 0 and ${expireSecondsMax}, not ${seconds}`)
}

/** The same, or `off`. */
export const expiryChange: FieldParser<bigint | 'off'> = (value, path) => {
  if (isString(value) && toText(value) === 'off') return 'off'
  if (value !== undefined && !isNumber(value)) throw wrongType(value, path, 'long')
  return expirySeconds(value, path)
}
