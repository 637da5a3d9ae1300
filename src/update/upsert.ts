/** What an upsert starts from: the document that the equalities of its filter describe. */
import { CommandError } from '../base/errors.ts'
import { encodeDocument } from '../bson/encode.ts'
import { Draft } from './draft.ts'
import { parsePath } from './path.ts'
import type { Value } from '../bson/value.ts'

export type Equality = readonly [path: string, value: Value]

/** @throws CommandError NotSingleValueField when two equalities are about the same path, or one inside the other. */
export function documentOfEqualities(equalities: readonly Equality[]): Uint8Array {
  const draft = new Draft(encodeDocument({}), { idMutable: true })
  for (const [index, [path, value]] of equalities.entries()) {
    for (const [other] of equalities.slice(0, index)) requireApart(path, other)
    draft.at(parsePath(path)).set(value)
  }
  return draft.after()
}

/** The equality about the whole _id, all that a replacement takes from a filter. @throws CommandError for one inside it. */
export function idEqualities(equalities: readonly Equality[]): Equality[] {
  const inside = equalities.find(([path]) => path.startsWith('_id.'))
  if (inside !== undefined) {
    // NotExactValueField
    throw new CommandError(
      'NotExactValueField',
      `field at '_id' must be exactly specified, field at sub-path '${inside[0]}'found`,
    )
  }
  return equalities.filter(([path]) => path === '_id')
}

function requireApart(path: string, other: string): void {
  if (path === other) throw ambiguous(`path '${path}' is matched twice`)
  if (path.startsWith(`${other}.`) || other.startsWith(`${path}.`)) {
    throw ambiguous(`both paths '${path}' and '${other}' are matched`)
  }
}

const ambiguous = (words: string): CommandError =>
  new CommandError('NotSingleValueField', `cannot infer query fields to set, ${words}`)
