/**
 * Regular expressions as PCRE writes them, read into a tree.
 *
 * Flags that hold only for a part (`(?i)`, `(?s-m:…)`) are resolved here: the tree has no modes. Letters of either case are sets,
 * a dot is a set, `^` and `$` are the assertions that they mean where they stand.
 *
 * Source: pcre2pattern(3). Refused, because JavaScript has nothing of the kind: recursion and subroutines, conditions,
 * callouts, `\K`, `\G`, `\X`, `\C`, branch reset, and verbs other than (*UTF) and (*UCP).
 */
import { CommandError } from '../base/errors.ts'
import {
  type CodePoints,
  anyCodePoint,
  complement,
  findProperty,
  verticalSpaces,
  withAllCases,
  wordCharacters,
} from './code-points.ts'
import { PatternText, readClass, readEscapedSet, refused } from './regex-sets.ts'

export type Assertion =
  | 'start'
  | 'end'
  /** At the end, or before a newline that is the last character. */
  | 'end-or-last-newline'
  | 'line-start'
  | 'line-end'
  | 'word-edge'
  | 'no-word-edge'

export type RegexNode =
  /** One code point of the set. */
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  /** `index` counts from 1. */
  | { readonly kind: 'capture'; readonly index: number; readonly body: RegexNode }
  | { readonly kind: 'atomic'; readonly body: RegexNode }
  | { readonly kind: 'look'; readonly sign: '=' | '!' | '<=' | '<!'; readonly body: RegexNode }
  | { readonly kind: 'reference'; readonly to: number | string; readonly ignoresCase: boolean }
  | {
      readonly kind: 'repeat'
      readonly min: number
      readonly max: number
      readonly lazy: boolean
      readonly body: RegexNode
    }
  | { readonly kind: 'assert'; readonly what: Assertion }

export interface RegexTree {
  readonly root: RegexNode
  readonly captureCount: number
  readonly names: ReadonlyMap<string, number>
}

/** `i m s x n U` of PCRE: ignore case, multiline, dot is all, extended, no plain captures, ungreedy. */
interface Flags {
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly x: boolean
  readonly n: boolean
  readonly U: boolean
}

/** @throws CommandError 51091 for what PCRE or we refuse, 51108 for an unknown option. */
export function parseRegex(pattern: string, options: string): RegexTree {
  for (const option of options) {
    if (!'imsxu'.includes(option)) throw new CommandError('Location51108', `invalid flag in regex options: ${option}`)
  }
  const has = (option: string): boolean => options.includes(option)
  const parser = new Parser(pattern, { i: has('i'), m: has('m'), s: has('s'), x: has('x'), n: false, U: false })
  return parser.parse()
}

const repeatMax = 65_535
/** As PCRE has it; every group is a call inside a call here. */
const depthMax = 250
const newline: CodePoints = [[0x0a, 0x0a]]
const setNode = (set: CodePoints): RegexNode => ({ kind: 'set', set })
const point = (code: number): CodePoints => [[code, code]]

const assertions: Readonly<Record<string, Assertion>> = {
  A: 'start',
  z: 'end',
  Z: 'end-or-last-newline',
  b: 'word-edge',
  B: 'no-word-edge',
}

class Parser {
  readonly #text: PatternText
  #flags: Flags
  #captures = 0
  #depth = 0
  #unicode = false
  readonly #names = new Map<string, number>()
  readonly #references: (number | string)[] = []

  constructor(pattern: string, flags: Flags) {
    this.#text = new PatternText(pattern)
    this.#flags = flags
  }

  parse(): RegexTree {
    for (let verb = this.#text.take(/\(\*([^)]*)\)/y); verb; verb = this.#text.take(/\(\*([^)]*)\)/y)) {
      if (verb[1] === 'UCP') this.#unicode = true
      else if (verb[1] !== 'UTF' && verb[1] !== 'UTF8') throw refused(`(*${verb[1]}) is not supported`)
    }
    const root = this.#choice()
    if (!this.#text.isAtEnd) throw refused('unmatched closing parenthesis')
    for (const to of this.#references) {
      const exists = typeof to === 'string' ? this.#names.has(to) : to > 0 && to <= this.#captures
      if (!exists) throw refused('reference to non-existent subpattern')
    }
    return { root, captureCount: this.#captures, names: this.#names }
  }

  /** Options up to a closing parenthesis or the end. Flags that are set inside end with it. */
  #choice(): RegexNode {
    const flags = this.#flags
    const options = [this.#sequence()]
    while (this.#text.takeText('|')) options.push(this.#sequence())
    this.#flags = flags
    return options.length === 1 ? (options[0] as RegexNode) : { kind: 'choice', options }
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = []
    while (!this.#text.isAtEnd && !'|)'.includes(this.#text.next)) {
      if (this.#flags.x && this.#text.take(/\s+|#[^\n]*\n?/y)) continue
      const atom = this.#atom()
      if (atom === undefined) continue
      if (Array.isArray(atom)) {
        // Of quoted text only the last character is repeated.
        const last = atom.pop()
        items.push(...atom)
        if (last !== undefined) items.push(this.#repeated(last))
      } else items.push(this.#repeated(atom))
    }
    return items.length === 1 ? (items[0] as RegexNode) : { kind: 'sequence', items }
  }

  #repeated(atom: RegexNode): RegexNode {
    let body = atom
    for (;;) {
      if (this.#flags.x) this.#text.take(/(?:\s+|#[^\n]*\n?)+/y)
      const match = this.#text.take(/(?:([*+?])|\{(?=,?\d)(\d*)(?:(,)(\d*))?\})([+?])?/y)
      if (match === undefined) return body
      const [, sign, first, comma, second, mode] = match
      const min = sign === undefined ? Number(first) : sign === '+' ? 1 : 0
      const max =
        sign === undefined
          ? comma === undefined
            ? min
            : second
              ? Number(second)
              : Infinity
          : sign === '?'
            ? 1
            : Infinity
      if (min > repeatMax || (max !== Infinity && max > repeatMax)) throw refused('number too big in {} quantifier')
      if (max < min) throw refused('numbers out of order in {} quantifier')
      const repeat: RegexNode = {
        kind: 'repeat',
        min,
        max,
        lazy: (mode === '?') !== this.#flags.U && mode !== '+',
        body,
      }
      body = mode === '+' ? { kind: 'atomic', body: repeat } : repeat
    }
  }

  /** What stands here, without its quantifier; undefined for what means nothing (comments, flags); a list for `\Q…\E`. */
  #atom(): RegexNode | RegexNode[] | undefined {
    const quoted = this.#text.take(/\\Q([^]*?)(?:\\E|$)/y)
    if (quoted) return Array.from(quoted[1] as string, character => this.#literal(character.codePointAt(0) as number))
    if (this.#text.takeText('\\E')) return undefined
    if (this.#text.take(/[*+?]|\{(?=,?\d)\d*(?:,\d*)?\}/y))
      throw refused('quantifier does not follow a repeatable item')
    const code = this.#text.takeCodePoint()
    switch (String.fromCodePoint(code)) {
      case '.':
        return setNode(this.#flags.s ? anyCodePoint : complement(newline))
      case '^':
        return { kind: 'assert', what: this.#flags.m ? 'line-start' : 'start' }
      case '$':
        return { kind: 'assert', what: this.#flags.m ? 'line-end' : 'end-or-last-newline' }
      case '[':
        return setNode(readClass(this.#text, { unicode: this.#unicode, ignoresCase: this.#flags.i }))
      case '(':
        return this.#group()
      case '\\':
        return this.#escape()
      default:
        return this.#literal(code)
    }
  }

  #literal(code: number): RegexNode {
    return setNode(this.#flags.i ? withAllCases(point(code)) : point(code))
  }

  #group(): RegexNode | undefined {
    if (this.#text.take(/\?#[^)]*\)/y)) return undefined
    const flags = this.#text.take(/\?(\^?)([imsxnUJ]*)(?:-([imsxnU]*))?([:)])/y)
    if (flags) return this.#flagGroup(flags)
    const look = this.#text.take(/\?(<?[=!])/y)
    if (look) return { kind: 'look', sign: look[1] as '=' | '!' | '<=' | '<!', body: this.#body() }
    if (this.#text.takeText('?>')) return { kind: 'atomic', body: this.#body() }
    const reference = this.#text.take(/\?P=(\w+)\)/y)
    if (reference) return this.#reference(reference[1] as string)
    const name = this.#text.take(/\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y)
    if (!name) {
      const unknown = this.#text.take(/[?*]\S{0,3}/y)
      if (unknown) throw refused(`(${unknown[0]}… is not supported`)
      if (this.#flags.n) return this.#body()
    }
    const index = ++this.#captures
    if (name) {
      const text = (name[1] ?? name[2]) as string
      if (this.#names.has(text)) throw refused('two named subpatterns have the same name')
      this.#names.set(text, index)
    }
    return { kind: 'capture', index, body: this.#body() }
  }

  #flagGroup([, reset, on = '', off = '', end]: RegExpExecArray): RegexNode | undefined {
    const outer = this.#flags
    const start = reset ? { ...outer, i: false, m: false, s: false, x: false, n: false } : { ...outer }
    const changed: Record<string, boolean> = {}
    for (const flag of on) changed[flag] = true
    for (const flag of off) changed[flag] = false
    this.#flags = { ...start, ...changed }
    if (end === ')') return undefined
    const body = this.#body()
    this.#flags = outer
    return body
  }

  /** The rest of a group. */
  #body(): RegexNode {
    if (++this.#depth > depthMax) throw refused('parentheses are too deeply nested')
    const body = this.#choice()
    this.#depth--
    if (!this.#text.takeText(')')) throw refused('missing closing parenthesis')
    return body
  }

  #reference(to: number | string): RegexNode {
    this.#references.push(to)
    return { kind: 'reference', to, ignoresCase: this.#flags.i }
  }

  #escape(): RegexNode {
    const named = this.#text.take(/k(?:<(\w+)>|'(\w+)'|\{(\w+)\})/y)
    if (named) return this.#reference((named[1] ?? named[2] ?? named[3]) as string)
    const relative = this.#text.take(/g(?:\{([+-]?)(\d+)\}|([+-]?)(\d+))/y)
    if (relative) {
      const count = Number(relative[2] ?? relative[4])
      const sign = relative[1] || relative[3]
      return this.#reference(sign === '-' ? this.#captures + 1 - count : sign === '+' ? this.#captures + count : count)
    }
    const byName = this.#text.take(/g\{(\w+)\}/y)
    if (byName) return this.#reference(byName[1] as string)
    const number = this.#text.peek(/[1-9]\d*/y)
    if (number !== undefined && (number.length === 1 || Number(number) <= this.#captures)) {
      this.#text.takeText(number)
      return this.#reference(Number(number))
    }
    const letter = this.#text.next
    const what = Object.hasOwn(assertions, letter) ? assertions[letter] : undefined
    if (what !== undefined) {
      this.#text.takeText(letter)
      return this.#unicode && letter.toLowerCase() === 'b' ? unicodeEdge(what) : { kind: 'assert', what }
    }
    if (this.#text.takeText('R')) {
      const crlf: RegexNode = { kind: 'sequence', items: [setNode(point(0x0d)), setNode(newline)] }
      return { kind: 'choice', options: [crlf, setNode(verticalSpaces)] }
    }
    if (this.#text.takeText('N')) return setNode(complement(newline))
    const { set, isLetter } = readEscapedSet(this.#text, this.#unicode)
    return setNode(isLetter && this.#flags.i ? withAllCases(set) : set)
  }
}

/** `\b` and `\B` when words are made of all letters. */
function unicodeEdge(what: Assertion): RegexNode {
  const body = setNode(findProperty('Xwd') ?? wordCharacters)
  const look = (sign: '=' | '!' | '<=' | '<!'): RegexNode => ({ kind: 'look', sign, body })
  const isEdge = what === 'word-edge'
  return {
    kind: 'choice',
    options: [
      { kind: 'sequence', items: [look('<='), look(isEdge ? '!' : '=')] },
      { kind: 'sequence', items: [look('<!'), look(isEdge ? '=' : '!')] },
    ],
  }
}
