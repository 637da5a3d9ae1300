/** `{ $_internalUnpackBucket: { timeField, metaField, … } }`: what the view of a time-series collection makes of a bucket. */
import { CommandError } from '../../base/errors.ts'
import { unpackBucket } from '../../bson/bucket.ts'
import { elementsOf, getField } from '../../bson/reader.ts'
import { documentBytes, isDocument, isNumber, isString, toText, type Value } from '../../bson/value.ts'
import { each } from '../stage.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$_internalUnpackBucket',
  inChangeStream: false,
  inUpdate: false,
  compile(spec) {
    if (!isDocument(spec)) {
      throw new CommandError('Location5346500', '$_internalUnpackBucket specification must be an object')
    }
    for (const [name, value] of elementsOf(spec)) requireKnown(name, value)
    const text = (name: string): string | undefined => {
      const value = getField(documentBytes(spec), name)
      return value && toText(value)
    }
    const timeField = text('timeField')
    if (timeField === undefined) {
      throw new CommandError('Location5346508', '$_internalUnpackBucket stage requires a timeField parameter')
    }
    const fields = { timeField, metaField: text('metaField') }
    return each(bucket => unpackBucket(bucket, fields))
  },
}

/** How long a bucket lasts is of no concern when it is unpacked. */
function requireKnown(name: string, value: Value): void {
  const isField = name === 'timeField' || name === 'metaField'
  if ((isField && isString(value)) || (name === 'bucketMaxSpanSeconds' && isNumber(value))) return
  throw new CommandError('Location5346506', `unrecognized parameter to $_internalUnpackBucket: ${name}`)
}
