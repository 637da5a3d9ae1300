/**
 * Regular expressions with PCRE's meaning, run by JavaScript's engine.
 *
 * Emulated: options and inline flags, `\A \z \Z \h \v \R \N \Q…\E`, POSIX classes, Unicode properties, possessive and atomic
 * groups, comments, all of PCRE's names and references; `$` before a last newline; lines that only `\n` ends; `\w \d \s \b` that
 * know ASCII only. Not quite the same: a reference to a capture that took no part matches nothing-at-all here and fails in
 * PCRE; a capture inside a repetition is forgotten when the repetition goes round without it; `\R` is not atomic. What
 * cannot be said at all is refused (see regex-syntax.ts).
 *
 * No pattern runs for ever. V8 gives up backtracking for an engine of linear time after ten thousand steps back, where that
 * engine can run the expression (no lookaround, references, atomic groups or large counts). That engine takes the product of
 * pattern and text, the others more. The work is estimated from both; where it may be too much they run under a time limit, which
 * costs a tenth of a millisecond each time.
 */
import { setFlagsFromString } from 'node:v8'
import { type Context, Script, createContext } from 'node:vm'
import { CommandError } from '../base/errors.ts'
import {
  evaluationMsMax,
  regexCaptureCountMax,
  regexCountMax,
  regexPatternLengthMax,
  regexRunMsMax,
} from '../base/limits.ts'
import { plainTest } from './regex-plain.ts'
import { type Source, traitsOf, writeSource } from './regex-source.ts'
import { parseRegex } from './regex-syntax.ts'

// They count for expressions that are compiled from now on. The first makes the flag `l` known, by which V8 refuses what
// its linear engine cannot run.
setFlagsFromString('--enable-experimental-regexp-engine')
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
setFlagsFromString('--regexp-backtracks-before-fallback=10000')

/** Steps that are taken without a time limit: of what may go back and forth, and of what goes over the text once. */
const stepsMax = 1_000_000
const linearStepsMax = 10_000_000
/** Characters that a text is long for each further millisecond. */
const linearStepsPerMs = 1000

export interface RegexMatch {
  /** Where it begins and ends in the text, in code units. */
  readonly start: number
  readonly end: number
  /** Of each capture, undefined for one that took no part. */
  readonly captures: readonly (string | undefined)[]
}

/**
 * Whether a text has a match.
 *
 * @throws CommandError 51091 for a pattern that is none or cannot be run, 51108 for an unknown option; when it runs, 51156 for a
 *   text that takes too long.
 */
export function compileRegex(pattern: string, options: string): (text: string) => boolean {
  const regex = compiled(pattern, options)
  return regex.plain ?? (text => regex.find(text, 0) !== null)
}

/** The first match that begins at `from` (in code units) or behind it. @throws CommandError as `compileRegex`. */
export function compileRegexSearch(
  pattern: string,
  options: string,
): (text: string, from: number) => RegexMatch | undefined {
  const regex = compiled(pattern, options)
  return (text, from) => {
    const match = regex.find(text, from)
    if (match === null) return undefined
    const captures = regex.captures.slice(1).map(index => match[index])
    return { start: match.index, end: match.index + match[0].length, captures }
  }
}

// By options and pattern; the one asked for last at the end.
const cache = new Map<string, CompiledRegex>()

function compiled(pattern: string, options: string): CompiledRegex {
  if (pattern.length > regexPatternLengthMax) {
    throw new CommandError('Location51091', 'Regular expression is invalid: regular expression is too large')
  }
  const key = `${options}/${pattern}`
  const known = cache.get(key)
  if (known) cache.delete(key)
  const regex = known ?? new CompiledRegex(pattern, options)
  cache.set(key, regex)
  if (cache.size > regexCountMax) {
    const [oldest] = cache.keys()
    if (oldest !== undefined) cache.delete(oldest)
  }
  return regex
}

const pairs = /[\ud800-\udbff][\udc00-\udfff]/
const otherLineEnds = /[\r\u2028\u2029]/

/** One pattern in the forms that its texts have needed so far. */
class CompiledRegex {
  readonly #tree
  readonly #traits
  readonly #patternLength: number
  readonly #forms: (Form | undefined)[] = []
  /** Where the pattern's captures are among those of a match. The same in all forms. */
  readonly captures: readonly number[]
  /** The test itself, for a pattern that is a mere text. */
  readonly plain: ((text: string) => boolean) | undefined

  constructor(pattern: string, options: string) {
    this.#tree = parseRegex(pattern, options)
    this.#patternLength = pattern.length
    this.#traits = traitsOf(this.#tree.root)
    this.captures = this.#form(0).captures
    this.plain = plainTest(this.#tree.root)
  }

  find(text: string, from: number): RegExpExecArray | null {
    const form = this.#forms[this.#formFor(text)] ?? this.#form(this.#formFor(text))
    const { regex, linear } = form
    const timeoutMs = this.#timeoutMs(text, linear !== undefined)
    const exec = (one: RegExp) => (timeoutMs === undefined ? one.exec(text) : execWithin(one, text, timeoutMs))
    regex.lastIndex = from
    try {
      return exec(regex)
    } catch (cause) {
      // What may have to be taken back is kept on a stack, which a text of megabytes can fill.
      if (!(cause instanceof RangeError)) throw cause
      if (!linear) throw tooMuch('it needs too much memory', text, cause)
      linear.lastIndex = from
      return exec(linear)
    }
  }

  /** Undefined where it cannot take long. */
  #timeoutMs(text: string, isLinear: boolean): number | undefined {
    if (!isLinear && text.length ** this.#traits.degree > stepsMax) return regexRunMsMax
    if (text.length * this.#patternLength <= linearStepsMax) return undefined
    return Math.min(evaluationMsMax, regexRunMsMax + Math.ceil(text.length / linearStepsPerMs))
  }

  /** The form that a text needs, as two bits: 1 for wide, 2 for exact. */
  #formFor(text: string): number {
    const { hasWideSets, hasLineEdges, hasLooseEnd } = this.#traits
    const wide = hasWideSets && pairs.test(text)
    const exact = ((hasLooseEnd || hasLineEdges) && text.endsWith('\n')) || (hasLineEdges && otherLineEnds.test(text))
    return (wide ? 1 : 0) + (exact ? 2 : 0)
  }

  #form(bits: number): Form {
    const source = writeSource(this.#tree, this.#traits, { wide: (bits & 1) !== 0, exact: (bits & 2) !== 0 })
    if (source.captures.length > regexCaptureCountMax) {
      throw new CommandError('Location51091', 'Regular expression is invalid: too many capturing groups')
    }
    const form = { ...makeRegExp(source), captures: source.captures }
    this.#forms[bits] = form
    return form
  }
}

interface Form {
  readonly regex: RegExp
  /** The same for the engine that takes nothing back; undefined when that cannot run it. */
  readonly linear: RegExp | undefined
  readonly captures: readonly number[]
}

function makeRegExp({ source, flags }: Source): { regex: RegExp; linear: RegExp | undefined } {
  try {
    return { regex: new RegExp(source, `g${flags}`), linear: makeLinear(source, flags) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError('Location51091', `Regular expression is invalid: ${why}`, { cause })
  }
}

function makeLinear(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, `gl${flags}`)
  } catch {
    return undefined
  }
}

const tooMuch = (why: string, text: string, cause: unknown): CommandError =>
  new CommandError(
    'Location51156',
    `Error occurred while executing the regular expression: ${why} on a text of ${text.length} characters`,
    { cause },
  )

let place: { context: Context; script: Script } | undefined

/** `regex.exec(text)`, or a refusal after `timeoutMs`. */
function execWithin(regex: RegExp, text: string, timeoutMs: number): RegExpExecArray | null {
  place ??= { context: createContext({ regex, text }), script: new Script('regex.exec(text)') }
  Object.assign(place.context, { regex, text })
  try {
    return place.script.runInContext(place.context, { timeout: timeoutMs }) as RegExpExecArray | null
  } catch (cause) {
    // The error comes from the other context, whose Error is not ours.
    if ((cause as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause
    throw tooMuch('it takes too long', text, cause)
  } finally {
    Object.assign(place.context, { regex: undefined, text: undefined })
  }
}
