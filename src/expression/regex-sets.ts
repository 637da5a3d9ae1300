/** What a regular expression writes for one code point or a set of them: escapes and classes. And the text it is written in. */
import { CommandError } from '../base/errors.ts'
import {
  type CodePoints,
  complement,
  digits,
  findProperty,
  horizontalSpaces,
  posixClasses,
  spaces,
  union,
  verticalSpaces,
  withAllCases,
  wordCharacters,
} from './code-points.ts'

/** A pattern that is being read from front to back. */
export class PatternText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** The code unit that comes next; empty at the end. */
  get next(): string {
    return this.#text[this.#at] ?? ''
  }

  /** What a sticky regular expression matches here. */
  peek(regex: RegExp): string | undefined {
    regex.lastIndex = this.#at
    return regex.exec(this.#text)?.[0]
  }

  /** Takes what a sticky regular expression matches here. */
  take(regex: RegExp): RegExpExecArray | undefined {
    regex.lastIndex = this.#at
    const match = regex.exec(this.#text)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  takeText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  /** @throws CommandError 51091 at the end. */
  takeCodePoint(): number {
    const code = this.#text.codePointAt(this.#at)
    if (code === undefined) throw refused('\\ at end of pattern')
    this.#at += code > 0xffff ? 2 : 1
    return code
  }
}

export const refused = (why: string): CommandError =>
  new CommandError('Location51091', `Regular expression is invalid: ${why}`)

const point = (code: number): CodePoints => [[code, code]]

/** `\d` and the like: what the small letter means; the capital means all others. */
const shorthands: Readonly<Record<string, CodePoints>> = {
  d: digits,
  w: wordCharacters,
  s: spaces,
  h: horizontalSpaces,
  v: verticalSpaces,
}
const unicodeShorthands: Readonly<Record<string, string>> = { d: 'Nd', w: 'Xwd', s: 'Xsp' }
const controls: Readonly<Record<string, number>> = { a: 7, e: 0x1b, f: 0x0c, n: 0x0a, r: 0x0d, t: 9 }

/** A set, and whether it was written as a single character (which may then begin a range, and has its cases). */
export interface WrittenSet {
  readonly set: CodePoints
  readonly isLetter: boolean
}

function shorthandOf(letter: string, unicode: boolean): CodePoints | undefined {
  if (!Object.hasOwn(shorthands, letter)) return undefined
  const property = unicodeShorthands[letter]
  return unicode && property !== undefined ? findProperty(property) : shorthands[letter]
}

/** What an escape means that stands for one code point, in and out of classes, behind its backslash. @throws CommandError 51091. */
export function readEscapedSet(text: PatternText, unicode: boolean): WrittenSet {
  const property = text.take(/([pP])(?:\{(\^?)([\w&]+)\}|(\w))/y)
  if (property) {
    const name = (property[3] ?? property[4]) as string
    const set = findProperty(name)
    if (set === undefined) throw refused(`unknown property name after \\P or \\p: ${name}`)
    const isNegated = (property[1] === 'P') !== (property[2] === '^')
    return { set: isNegated ? complement(set) : set, isLetter: false }
  }
  const hex = text.take(/x(?:\{([\da-f]+)\}|([\da-f]{0,2}))/iy)
  if (hex) return single(Number.parseInt(hex[1] ?? (hex[2] || '0'), 16))
  const octal = text.take(/o\{([0-7]+)\}|(0[0-7]{0,2}|[1-7][0-7]{0,2})/y)
  if (octal) return single(Number.parseInt((octal[1] ?? octal[2]) as string, 8))
  const control = text.take(/c([\x20-\x7e])/y)
  if (control) return single((control[1] as string).toUpperCase().charCodeAt(0) ^ 0x40)
  const code = text.takeCodePoint()
  const letter = String.fromCodePoint(code)
  const shorthand = shorthandOf(letter.toLowerCase(), unicode)
  if (shorthand) return { set: letter === letter.toLowerCase() ? shorthand : complement(shorthand), isLetter: false }
  if (Object.hasOwn(controls, letter)) return single(controls[letter] as number)
  if (/[A-Za-z0-9]/.test(letter)) throw refused(`\\${letter} is not supported`)
  return { set: point(code), isLetter: true }
}

function single(code: number): WrittenSet {
  if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) throw refused('character code point value is too large')
  return { set: point(code), isLetter: true }
}

/** A class, behind its opening bracket. @throws CommandError 51091. */
export function readClass(
  text: PatternText,
  { unicode, ignoresCase }: { readonly unicode: boolean; readonly ignoresCase: boolean },
): CodePoints {
  const isNegated = text.takeText('^')
  const sets: CodePoints[] = []
  for (let isFirst = true; isFirst || !text.takeText(']'); isFirst = false) {
    if (text.isAtEnd) throw refused('missing terminating ] for character class')
    const quoted = text.take(/\\Q([^]*?)(?:\\E|$)/y)
    if (quoted) {
      for (const character of quoted[1] as string) sets.push(point(character.codePointAt(0) as number))
      continue
    }
    if (text.takeText('\\E')) continue
    const first = readClassItem(text, unicode)
    if (!first.isLetter || text.peek(/-[^\]]/y) === undefined) {
      sets.push(first.set)
      continue
    }
    text.takeText('-')
    const last = readClassItem(text, unicode)
    if (!last.isLetter) {
      sets.push(first.set, point(0x2d), last.set)
      continue
    }
    const [from, to] = [first.set[0]?.[0] ?? 0, last.set[0]?.[0] ?? 0]
    if (to < from) throw refused('range out of order in character class')
    sets.push([[from, to]])
  }
  const written = union(...sets)
  const set = ignoresCase ? withAllCases(written) : written
  return isNegated ? complement(set) : set
}

function readClassItem(text: PatternText, unicode: boolean): WrittenSet {
  const posix = text.take(/\[:(\^?)([a-z]+):\]/y)
  if (posix) {
    const name = posix[2] as string
    if (!Object.hasOwn(posixClasses, name)) throw refused(`unknown POSIX class name: ${name}`)
    const set = posixClasses[name] as CodePoints
    return { set: posix[1] ? complement(set) : set, isLetter: false }
  }
  if (text.takeText('\\b')) return { set: point(8), isLetter: true }
  if (text.takeText('\\')) return readEscapedSet(text, unicode)
  return { set: point(text.takeCodePoint()), isLetter: true }
}
