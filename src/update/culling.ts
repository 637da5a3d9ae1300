/** What $pull and $pullAll have in common: the items of an array that fit are taken out. */
import { CommandError } from '../base/errors.ts'
import { arrayValue } from '../bson/encode.ts'
import { itemsOf } from '../bson/reader.ts'
import { isArray } from '../bson/value.ts'
import type { ItemTest } from './array-filters.ts'
import type { Mutation } from './operator.ts'

export function cullItems(fits: ItemTest): Mutation {
  return place => {
    const current = place.value
    if (current === undefined) return place.requireViable()
    if (!isArray(current)) throw new CommandError('BadValue', 'Cannot apply $pull to a non-array value')
    const items = itemsOf(current)
    const kept = items.filter(item => !fits(item))
    if (kept.length < items.length) place.set(arrayValue(kept))
  }
}
