/** Arrays as operands, and the variables that stand for their items. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { blockingStageBytesMax } from '../base/limits.ts'
import { itemsOf } from '../bson/reader.ts'
import { type Value, isArray, isString, toText, typeName } from '../bson/value.ts'
import { requireVariableName } from './variables.ts'

/** The items of an array. @throws CommandError `code` for anything else: `words`, and what it is instead. */
export function requireItems(value: Value | undefined, code: CodeName, words: string): Value[] {
  if (isArray(value)) return itemsOf(value)
  throw new CommandError(code, `${words} ${typeName(value)}`)
}

/**
 * The item at a position, the last one being at -1; undefined when there is none.
 *
 * @throws CommandError 28689 when `array` is none.
 */
export function itemAt(name: string, array: Value, index: number): Value | undefined {
  return requireItems(array, 'Location28689', `${name}'s argument must be an array, but is`).at(index)
}

/** The name of the variable that stands for an item: what `as` says, or `this`. @throws CommandError FailedToParse. */
export function itemVariable(as: Value | undefined): string {
  if (as === undefined) return 'this'
  const name = isString(as) ? toText(as) : ''
  requireVariableName(name)
  return name
}

/** Refuses to go on with `bytes` of one operator's result: an expression has no disk to put it on. */
export function requireMemory(name: string, bytes: number): void {
  if (bytes <= blockingStageBytesMax) return
  throw new CommandError('ExceededMemoryLimit', `${name} would use too much memory and cannot spill`)
}
