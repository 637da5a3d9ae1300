/** The options of a collection, as they are logged, kept and shown. */
import { must } from '../base/assert.ts'
import { encodeDocument } from '../bson/encode.ts'
import { elementsOf, getField } from '../bson/reader.ts'
import { documentBytes, documentValue, isDocument, toBool, type Value } from '../bson/value.ts'

/** Source: MongoDB, src/mongo/db/catalog/collection_options.cpp. Others come behind. */
const order = [
  'capped',
  'size',
  'max',
  'changeStreamPreAndPostImages',
  'validator',
  'validationLevel',
  'validationAction',
  'collation',
  'timeseries',
  'clusteredIndex',
  'expireAfterSeconds',
]

/** The options in MongoDB's order, without those that say what is so anyway: images that are not kept, a validator of nothing. */
export function keptOptions(options: Uint8Array): Uint8Array {
  const given = new Map(elementsOf(documentValue(options)))
  const names = new Set([...order.filter(name => given.has(name)), ...given.keys()])
  return encodeDocument(
    Object.fromEntries(
      [...names].flatMap(name => {
        const value = must(given.get(name), 'option that was given')
        return saysNothing(name, value) ? [] : [[name, value] as const]
      }),
    ),
  )
}

function saysNothing(name: string, value: Value): boolean {
  if (!isDocument(value)) return false
  if (name === 'validator') return elementsOf(value).length === 0
  const enabled = name === 'changeStreamPreAndPostImages' ? getField(documentBytes(value), 'enabled') : undefined
  return enabled !== undefined && !toBool(enabled)
}
