/**
 * Looking for a value among the items of an array. An operator that asks one array again, as $in does within $filter, has it sorted
 * the second time, so that a product of two long arrays costs no more than their sum.
 */
import { equalValues } from '../bson/compare.ts'
import { itemsOf } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import type { CompareHelpers } from './operator.ts'
import { ValueSet } from './sets.ts'

/** Up to here, comparing with each item is quicker than remembering the array. */
const compareEachUpToBytes = 512

interface Asked {
  readonly start: number
  set: ValueSet | undefined
}

/** The array that an operator last asked of those in one buffer. What nobody holds any more is forgotten. */
const asked = new WeakMap<CompareHelpers, WeakMap<Uint8Array, Asked>>()

/** Whether `value` equals an item of `array`. `helpers` are those of one operator, always the same object. */
export function isAmong(value: Value | undefined, array: Value, helpers: CompareHelpers): boolean {
  const bytesCount = array.end - array.start
  if (bytesCount > compareEachUpToBytes) {
    const set = setOf(array, helpers)
    if (set !== undefined) return set.has(value)
    helpers.pace?.spendBytes(bytesCount)
  }
  return itemsOf(array).some(item => equalValues(item, value, helpers.collation))
}

/** Undefined for an array that is asked for the first time. */
function setOf(array: Value, helpers: CompareHelpers): ValueSet | undefined {
  const byBuffer = asked.get(helpers) ?? new WeakMap<Uint8Array, Asked>()
  if (!asked.has(helpers)) asked.set(helpers, byBuffer)
  const before = byBuffer.get(array.bytes)
  if (before?.start === array.start) return (before.set ??= new ValueSet(itemsOf(array), helpers))
  byBuffer.set(array.bytes, { start: array.start, set: undefined })
  return undefined
}
