/** $arrayToObject: a document of pairs, all written `[name, value]` or all `{ k: name, v: value }`. */
import { CommandError } from '../../base/errors.ts'
import { documentOf } from '../../bson/encode.ts'
import { elementsOf, itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { type Value, isArray, isDocument, isString, toText, typeName } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { requireKey } from '../objects.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$arrayToObject', array => {
  const pairs = requireItems(array, 'Location40386', '$arrayToObject requires an array input, found:')
  const [first] = pairs
  if (first !== undefined && !isArray(first) && !isDocument(first)) {
    throw new CommandError('Location40398', `Unrecognised input type format for $arrayToObject: ${typeName(first)}`)
  }
  // Of two with one name the later value counts, at the place of the earlier.
  return documentOf(new Map(pairs.map(isArray(first) ? ofArray : ofDocument)))
})

function ofArray(pair: Value): [string, Value] {
  if (!isArray(pair)) {
    throw new CommandError(
      'Location40396',
      `$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. ` +
        `Array was detected, now found: ${typeName(pair)}`,
    )
  }
  const [key, value, ...others] = itemsOf(pair)
  if (key === undefined || value === undefined || others.length > 0) {
    throw new CommandError('Location40397', `$arrayToObject requires an array of size 2 arrays, found: ${show(pair)}`)
  }
  if (!isString(key)) {
    throw new CommandError(
      'Location40395',
      `$arrayToObject requires an array of key-value pairs, where the key must be of type string. ` +
        `Found key type: ${typeName(key)}`,
    )
  }
  return [requireKey(toText(key), 'Location4940400'), value]
}

function ofDocument(pair: Value): [string, Value] {
  if (!isDocument(pair)) {
    throw new CommandError(
      'Location40391',
      `$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. ` +
        `Object was detected, now found: ${typeName(pair)}`,
    )
  }
  const fields = elementsOf(pair)
  if (fields.length !== 2) {
    throw new CommandError(
      'Location40392',
      `$arrayToObject requires an object with keys 'k' and 'v'. Found incorrect number of keys: ${fields.length}`,
    )
  }
  const { k: key, v: value }: { k?: Value; v?: Value } = Object.fromEntries(fields)
  if (key === undefined || value === undefined) {
    throw new CommandError(
      'Location40393',
      `$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys from: ${show(pair)}`,
    )
  }
  if (!isString(key)) {
    throw new CommandError(
      'Location40394',
      `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. ` +
        `Found type: ${typeName(key)}`,
    )
  }
  return [requireKey(toText(key), 'Location4940401'), value]
}
