/** Regular expressions as conditions on values. The engine is expression/regex.ts. */
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { encodeUtf8 } from '../bson/bytes.ts'
import { BsonType, Value, toRegexParts, toText } from '../bson/value.ts'
import { compileRegex } from '../expression/regex.ts'
import type { ValuePredicate, ValueTest } from './operator.ts'

export interface Pattern {
  readonly pattern: string
  readonly options: string
}

/** What `/pattern/options` asks: of a text that it matches, of a regular expression that it is the same. */
export function patternPredicate(parts: Pattern, pace: Pace | undefined): ValuePredicate {
  return { kind: 'value', arrays: 'items', test: compilePattern(parts, pace) }
}

/** As `patternPredicate`, of a value of type regex. */
export const regexPredicate = (regex: Value, pace: Pace | undefined): ValuePredicate =>
  patternPredicate(toRegexParts(regex), pace)

/** Each text spends a piece of `pace`. @throws CommandError BadValue for a null byte, and what `compileRegex` refuses. */
export function compilePattern({ pattern, options }: Pattern, pace: Pace | undefined): ValueTest {
  if (pattern.includes('\0') || options.includes('\0')) {
    throw new CommandError('BadValue', 'Regular expression cannot contain an embedded null byte')
  }
  pace?.spend()
  const matches = compileRegex(pattern, options)
  const prefix = literalPrefix(pattern, options)
  const isText = prefix === undefined ? matchText(matches, pace) : beginsWith(prefix)
  return (type, bytes, start, end) => {
    if (type === BsonType.string || type === BsonType.symbol) return isText(type, bytes, start, end)
    if (type !== BsonType.regex) return false
    const other = toRegexParts(new Value(type, bytes, start, end))
    return other.pattern === pattern && other.options === options
  }
}

/** The text that everything begins with which `/^text/` matches; undefined for any other pattern. */
export function literalPrefix(pattern: string, options: string): string | undefined {
  return options === '' && /^\^[\w \-/:@,;#'"!~]+$/.test(pattern) ? pattern.slice(1) : undefined
}

function matchText(matches: (text: string) => boolean, pace: Pace | undefined): ValueTest {
  return (type, bytes, start, end) => {
    pace?.spend()
    pace?.spendBytes(end - start)
    return matches(toText(new Value(type, bytes, start, end)))
  }
}

function beginsWith(text: string): ValueTest {
  const prefix = encodeUtf8(text)
  const length = prefix.length
  return (_, bytes, start, end) => {
    if (end - start - 5 < length) return false
    for (let at = 0; at < length; at++) if (bytes[start + 4 + at] !== prefix[at]) return false
    return true
  }
}
