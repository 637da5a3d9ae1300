/** Measurements and their buckets. */
import { deserialize, Long, ObjectId, serialize, type Document } from 'bson'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { packMeasurement, unpackBucket } from './bucket.ts'

const options = {
  timeField: 't',
  metaField: 'm',
  roundingSeconds: 60,
  number: 7n,
  newId: () => Uint8Array.from({ length: 12 }, () => 9),
}
const pack = (measurement: Document) =>
  Uint8Array.from(packMeasurement(serialize(measurement, { ignoreUndefined: false }), options).document)
const at = new Date('2024-05-01T12:00:42.123Z')

test('a bucket says the bounds of its measurement, and its _id the time', () => {
  const bucket = deserialize(pack({ m: { sensor: 1 }, t: at, v: 2, _id: 5 }))
  expect(bucket).toEqual({
    _id: expect.any(ObjectId),
    control: {
      version: 1,
      min: { t: new Date('2024-05-01T12:00:00Z'), v: 2, _id: 5 },
      max: { t: at, v: 2, _id: 5 },
    },
    meta: { sensor: 1 },
    data: { t: { '0': at }, v: { '0': 2 }, _id: { '0': 5 } },
  })
  expect(bucket['_id'].getTimestamp()).toEqual(new Date('2024-05-01T12:00:00Z'))
  expect(bucket['_id'].toHexString().slice(8)).toBe('0000000000000007')
})

test('a measurement without an _id is given one', () => {
  expect(deserialize(unpackBucket(pack({ t: at, v: 1 }), options))).toEqual({
    t: at,
    _id: ObjectId.createFromHexString('09'.repeat(12)),
    v: 1,
  })
})

test('a measurement has a time', () => {
  for (const measurement of [{ v: 1 }, { t: 1 }, { t: null }, { t: Long.fromNumber(at.getTime()) }]) {
    expect(() => pack(measurement)).toThrow(expect.objectContaining({ codeName: 'BadValue' }))
  }
})

test('what is no bucket is refused', () => {
  for (const document of [{}, { data: 1 }, { data: {} }, { data: { t: 1 } }]) {
    expect(() => unpackBucket(serialize(document), options)).toThrow(expect.objectContaining({ codeName: 'BadValue' }))
  }
})

test('a bucket gives back its measurement, the time first and the meta field second', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.constant(null),
    fc.constant({ a: [1, { b: 2 }] }),
    fc.constant([]),
  )
  const measurement = fc.tuple(
    fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') }),
    fc.option(value, { nil: undefined }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c.d', '$e'), value),
    value,
  )
  fc.assert(
    fc.property(measurement, ([t, m, fields, _id]) => {
      const meta = m === undefined ? {} : { m }
      const given = serialize({ ...fields, _id, ...meta, t })
      const { document } = packMeasurement(given, options)
      expect(Buffer.from(unpackBucket(document, options))).toEqual(
        Buffer.from(serialize({ t, ...meta, ...fields, _id })),
      )
    }),
  )
})
