/** Positions and lengths as the string operators take them, and what trimming takes away. */
import { type CodeName, CommandError } from '../base/errors.ts'

import { int32Value, nullValue, stringValue } from '../bson/encode.ts'
import { toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { type Value, isNullish, isNumber, isString, toText, typeName } from '../bson/value.ts'
import { compileNamed } from './arguments.ts'
import { toExactInt32 } from './numbers.ts'
import type { ExpressionOperator } from './operator.ts'
import { variadic, weighed } from './operands.ts'

/** A position in a text or array that an operator begins or ends at. @throws CommandError 40096, 40097. */
export function requireIndex(name: string, value: Value | undefined, what: string): number {
  const index = toExactInt32(value)
  if (index === undefined) {
    throw new CommandError(
      'Location40096',
      `${name}requires an integral ${what}, found a value of type: ${typeName(value)}, with value: ${show(value)}`,
    )
  }
  if (index < 0)
    throw new CommandError('Location40097', `${name} requires a nonnegative ${what}, found: ${show(value)}`)
  return index
}

export interface Haystack {
  readonly text: Value
  readonly needle: Value
  readonly start: number
  /** Behind the last position; infinite when none was given. */
  readonly end: number
}

/** An operator that looks for a string in a string, between two positions; -1 where it is not, null of null. */
export function indexOperator(
  name: string,
  codes: readonly [first: CodeName, second: CodeName],
  find: (haystack: Haystack) => number,
): ExpressionOperator {
  return variadic(
    name,
    ([text, needle, start, end]) => {
      if (isNullish(text)) return nullValue
      if (!isString(text)) throw wrongType(name, codes[0], 'first', text)
      if (!isString(needle)) throw wrongType(name, codes[1], 'second', needle)
      return int32Value(
        find({
          text,
          needle,
          start: start === undefined ? 0 : requireIndex(name, start, 'starting index'),
          end: end === undefined ? Infinity : requireIndex(name, end, 'ending index'),
        }),
      )
    },
    { min: 2, max: 4 },
  )
}

const wrongType = (name: string, code: CodeName, place: string, value: Value | undefined): CommandError =>
  new CommandError(code, `${name} requires a string as the ${place} argument, found: ${typeName(value)}`)

/** Start and length of $substrBytes and $substr: fractions are cut off. */
export function requireOffset(name: string, value: Value | undefined, what: 'starting index' | 'length'): number {
  if (!isNumber(value)) {
    throw new CommandError(
      what === 'length' ? 'Location16035' : 'Location16034',
      `${name}:  ${what} must be a numeric type (is BSON type ${typeName(value)})`,
    )
  }
  return Math.trunc(toNearestDouble(value))
}

/** White space as $trim means it: NUL, what C calls space, and Unicode's spaces. */
const whitespace = new Set(
  '\0\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
)

/** An operator that takes characters away from the ends of a text: white space, or those of `chars`. */
export function trimmer(name: string, ends: { readonly left: boolean; readonly right: boolean }): ExpressionOperator {
  const shape = {
    operator: name,
    required: { input: 'Location50695' },
    optional: ['chars'],
    notObject: 'Location50696',
    unknown: 'Location50694',
  } as const
  return {
    name,
    compile(argument, helpers) {
      const { input, chars } = compileNamed(argument, shape, helpers)
      return (document, variables) => {
        const text = weighed(input(document, variables), helpers)
        if (isNullish(text)) return nullValue
        if (!isString(text)) {
          throw new CommandError(
            'Location50699',
            `${name} requires its input to be a string, got ${show(text)} (of type ${typeName(text)}) instead.`,
          )
        }
        const set = chars?.(document, variables)
        if (chars && isNullish(set)) return nullValue
        if (set !== undefined && !isString(set)) {
          throw new CommandError(
            'Location50700',
            `${name} requires 'chars' to be a string, got ${show(set)} (of type ${typeName(set)}) instead.`,
          )
        }
        return stringValue(trim(toText(text), set === undefined ? whitespace : new Set(toText(set)), ends))
      }
    },
  }
}

function trim(text: string, set: ReadonlySet<string>, { left, right }: { left: boolean; right: boolean }): string {
  const characters = Array.from(text)
  let start = 0
  let end = characters.length
  if (left) while (start < end && set.has(characters[start] as string)) start++
  if (right) while (end > start && set.has(characters[end - 1] as string)) end--
  return start === 0 && end === characters.length ? text : characters.slice(start, end).join('')
}
