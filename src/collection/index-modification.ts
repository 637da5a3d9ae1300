/** What collMod changes of an index, and how that was before. Source: MongoDB manual, "collMod", its reply. */
import type { Encodable } from '../bson/encode.ts'
import { toExactInteger } from '../bson/number.ts'
import { getField } from '../bson/reader.ts'
import { toBool } from '../bson/value.ts'

type Options = { readonly [name: string]: Encodable }

/** Of what was asked for, what makes a difference: to hide what is hidden is nothing. */
export function changesOf(spec: Uint8Array, { hidden, ...others }: Options): Options {
  const hides = hidden === isSet(spec, 'hidden') ? undefined : hidden
  const changes = Object.entries({ ...others, hidden: hides })
  return Object.fromEntries(changes.filter(([, value]) => value !== undefined))
}

/** What the changed options are in the specification. A flag that is not there is false; an index is not made unique twice. */
export function previousOf(spec: Uint8Array, changes: Options): Options {
  const expiry = getField(spec, 'expireAfterSeconds')
  const all: Options = {
    expireAfterSeconds: expiry && (toExactInteger(expiry) ?? expiry),
    hidden: isSet(spec, 'hidden'),
    prepareUnique: isSet(spec, 'prepareUnique'),
  }
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => name in changes && value !== undefined))
}

function isSet(spec: Uint8Array, flag: string): boolean {
  const value = getField(spec, flag)
  return value !== undefined && toBool(value)
}
