/**
 * $regexMatch, $regexFind and $regexFindAll: what they have in common.
 *
 * All take `{ input, regex, options }`, where the regular expression is one or a string. A constant one is compiled once and
 * refused at once.
 */
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { arrayValue, documentOf, int32Value, nullValue, stringValue } from '../bson/encode.ts'
import { BsonType, type Value, isNullish, isString, toRegexParts, toText, typeName } from '../bson/value.ts'
import { compileNamed } from './arguments.ts'
import { requireMemory } from './arrays.ts'
import { weighed } from './operands.ts'
import type { Evaluate, ExpressionOperator } from './operator.ts'
import { type RegexMatch, compileRegexSearch } from './regex.ts'
import { codePointCount } from './strings.ts'

export type RegexSearch = ReturnType<typeof compileRegexSearch>

/** An operator that gives what `answer` makes of a text, and `otherwise` when the input or the expression is null or missing. */
export function regexOperator(
  name: string,
  otherwise: Value,
  answer: (text: string, search: RegexSearch, pace: Pace | undefined) => Value,
): ExpressionOperator {
  const shape = {
    operator: name,
    required: { input: 'Location31022', regex: 'Location31023' },
    optional: ['options'],
    notObject: 'Location51103',
    unknown: 'Location31024',
  } as const
  return {
    name,
    compile(argument, helpers) {
      const { input, regex, options } = compileNamed(argument, shape, helpers)
      const ready = constantSearch(name, regex, options)
      return (document, variables) => {
        const text = weighed(input(document, variables), helpers)
        const search = ready ?? parseSearch(name, regex(document, variables), options && [options(document, variables)])
        if (text !== undefined && !isNullish(text) && !isString(text)) {
          throw new CommandError('Location51104', `${name} needs 'input' to be of type string`)
        }
        if (text === undefined || isNullish(text) || search === undefined) return otherwise
        helpers.pace?.spend()
        return answer(toText(text), search, helpers.pace)
      }
    },
  }
}

/** The search of an expression that no document changes; undefined when there is none, or it is null. */
function constantSearch(name: string, regex: Evaluate, options: Evaluate | undefined): RegexSearch | undefined {
  if (regex.constant === undefined || (options !== undefined && options.constant === undefined)) return undefined
  return parseSearch(name, regex.constant.value, options && [options.constant?.value])
}

/** Undefined for null and missing. `options` is a list of one where there is such an argument. */
function parseSearch(
  name: string,
  regex: Value | undefined,
  options: readonly [Value | undefined] | undefined,
): RegexSearch | undefined {
  const given = options?.[0]
  const hasOptions = given !== undefined && !isNullish(given)
  if (hasOptions && !isString(given)) {
    throw new CommandError('Location51106', `${name} needs 'options' to be of type string, found: ${typeName(given)}`)
  }
  if (regex === undefined || isNullish(regex)) return undefined
  if (isString(regex)) return requireSearch(name, toText(regex), hasOptions ? toText(given) : '')
  if (regex.type !== BsonType.regex) {
    throw new CommandError('Location51105', `${name} needs 'regex' to be of type string or regex`)
  }
  const parts = toRegexParts(regex)
  if (parts.options !== '' && hasOptions) {
    throw new CommandError(
      'Location51107',
      `${name} found regex option(s) specified in both 'regex' and 'option' fields`,
    )
  }
  return requireSearch(name, parts.pattern, hasOptions ? toText(given) : parts.options)
}

function requireSearch(name: string, pattern: string, options: string): RegexSearch {
  if (pattern.includes('\0')) {
    throw new CommandError('Location51109', `${name}: regular expression cannot contain an embedded null byte`)
  }
  if (options.includes('\0')) {
    throw new CommandError('Location51110', `${name}: regular expression options cannot contain an embedded null byte`)
  }
  try {
    return compileRegexSearch(pattern, options)
  } catch (cause) {
    if (!(cause instanceof CommandError) || cause.codeName !== 'Location51091') throw cause
    throw new CommandError('Location51111', `Invalid Regex in ${name}: ${cause.message}`, { cause })
  }
}

/** A match as users see it: `{ match, idx, captures }`; `pointIndex` is where it begins, in code points. */
export function matchDocument(text: string, match: RegexMatch, pointIndex: number): Value {
  const captures = match.captures.map(capture => (capture === undefined ? nullValue : stringValue(capture)))
  return documentOf([
    ['match', stringValue(text.slice(match.start, match.end))],
    ['idx', int32Value(pointIndex)],
    ['captures', arrayValue(captures)],
  ])
}

/** About what a document takes beside its bytes while there are many. */
const documentBytesOverhead = 200

/** The matches of a text, none overlapping another. */
export function allMatches(text: string, search: RegexSearch, pace: Pace | undefined): Value {
  const found: Value[] = []
  let from = 0
  // Where a match was counted up to: counting from the beginning each time would take the square of the text's length.
  let counted = 0
  let points = 0
  let bytes = 0
  do {
    pace?.spend()
    const match = search(text, from)
    if (match === undefined) break
    points += codePointCount(text.slice(counted, match.start))
    counted = match.start
    const document = matchDocument(text, match, points)
    requireMemory('$regexFindAll', (bytes += document.end - document.start + documentBytesOverhead))
    found.push(document)
    // Behind an empty match one character is passed over: the next search would find the same again.
    from = match.end > match.start ? match.end : match.end + (isPairAt(text, match.end) ? 2 : 1)
  } while (from < text.length)
  return arrayValue(found)
}

const isPairAt = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff
