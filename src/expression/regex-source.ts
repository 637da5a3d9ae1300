/**
 * The tree of a regular expression written as JavaScript, without the flags `i`, `s` and `u`: V8's engine that cannot run away
 * takes no expression that has them.
 *
 * A code point above U+FFFF is two units of a JavaScript string, so a set that has such members is an alternative of pairs.
 * Texts without pairs are nearly all; for them there is a narrow form, in which each set is one class.
 */
import { type CodePoints, union, within } from './code-points.ts'
import type { Assertion, RegexNode, RegexTree } from './regex-syntax.ts'

export interface SourceForm {
  /** Sets take pairs as one character. */
  readonly wide: boolean
  /**
   * Lines end as PCRE has it, at `\n` only, and `$` also before a last one. Otherwise the assertions are JavaScript's own, which
   * mean the same for texts without `\r`, U+2028, U+2029 and without a newline at the end.
   */
  readonly exact: boolean
}

export interface Source {
  readonly source: string
  /** `m` or `i`, seldom. */
  readonly flags: string
  /** Where the pattern's captures are among those of the source; index 0 is the whole match. */
  readonly captures: readonly number[]
}

/** What the choice of a form and of a way to run depends on. */
export interface RegexTraits {
  /** Some set has members above U+FFFF, or halves of pairs, so that the wide form differs. */
  readonly hasWideSets: boolean
  readonly hasLineEdges: boolean
  readonly hasTextEdges: boolean
  /** `$` that also matches before the last newline. */
  readonly hasLooseEnd: boolean
  readonly ignoresCaseOfReferences: boolean
  /**
   * How the work grows with the length of a text: with this power of it, when all goes wrong. Infinite for a repetition in a
   * repetition.
   */
  readonly degree: number
}

export function traitsOf(root: RegexNode): RegexTraits {
  const asserted = new Set<Assertion>()
  let hasWideSets = false
  let ignoresCaseOfReferences = false
  const visit = (node: RegexNode): void => {
    if (node.kind === 'assert') asserted.add(node.what)
    if (node.kind === 'set' && within(node.set, 0x1_0000, 0x10_ffff).length > 0) hasWideSets = true
    if (node.kind === 'reference' && node.ignoresCase) ignoresCaseOfReferences = true
    for (const child of childrenOf(node)) visit(child)
  }
  visit(root)
  return {
    hasWideSets,
    hasLineEdges: asserted.has('line-start') || asserted.has('line-end'),
    hasTextEdges: asserted.has('start') || asserted.has('end') || asserted.has('end-or-last-newline'),
    hasLooseEnd: asserted.has('end-or-last-newline'),
    ignoresCaseOfReferences,
    degree: degreeOf(root) + (beginsAtStart(root) ? 0 : 1),
  }
}

function childrenOf(node: RegexNode): readonly RegexNode[] {
  if (node.kind === 'sequence') return node.items
  if (node.kind === 'choice') return node.options
  return 'body' in node ? [node.body] : []
}

function degreeOf(node: RegexNode): number {
  switch (node.kind) {
    case 'sequence': {
      // What is looked at or atomic is decided once and not tried in all its ways again.
      const closed = node.items.filter(isClosed).map(degreeOf)
      const open = node.items.filter(item => !isClosed(item)).map(degreeOf)
      return Math.max(
        open.reduce((sum, degree) => sum + degree, 0),
        ...closed,
      )
    }
    case 'repeat': {
      if (node.max === 1) return degreeOf(node.body)
      if (!isPlain(node.body)) return node.max === Infinity || node.max > 3 ? Infinity : degreeOf(node.body) * node.max
      return node.max > node.min + 8 ? 1 : 0
    }
    default:
      return Math.max(0, ...childrenOf(node).map(degreeOf))
  }
}

const isClosed = (node: RegexNode): boolean => node.kind === 'look' || node.kind === 'atomic'

/** Matches in one way only. */
function isPlain(node: RegexNode): boolean {
  if (node.kind === 'choice' || (node.kind === 'repeat' && node.max !== node.min) || node.kind === 'reference')
    return false
  return childrenOf(node).every(isPlain)
}

function beginsAtStart(node: RegexNode): boolean {
  if (node.kind === 'assert') return node.what === 'start'
  if (node.kind === 'sequence') return node.items[0] !== undefined && beginsAtStart(node.items[0])
  if (node.kind === 'choice') return node.options.every(beginsAtStart)
  return node.kind === 'capture' && beginsAtStart(node.body)
}

/** Writes the tree in one form. */
export function writeSource(tree: RegexTree, traits: RegexTraits, form: SourceForm): Source {
  // Assertions of both kinds in one pattern cannot share the flag `m`.
  const byFlag = !form.exact && traits.hasLineEdges && !traits.hasTextEdges
  const isExact = form.exact || (traits.hasLineEdges && traits.hasTextEdges)
  const captures: number[] = [0]
  const write = (): string => new Writer(tree, { wide: form.wide, isExact, captures }).write(tree.root)
  // The first time finds out where the captures are, which references may say before they are reached.
  write()
  return {
    source: write(),
    flags: `${byFlag ? 'm' : ''}${traits.ignoresCaseOfReferences ? 'i' : ''}`,
    captures,
  }
}

const exactAssertions: Readonly<Record<Assertion, string>> = {
  start: '^',
  end: '$',
  'end-or-last-newline': String.raw`(?=\n?$)`,
  'line-start': String.raw`(?:^|(?<=\n)(?!$))`,
  'line-end': String.raw`(?=\n|$)`,
  'word-edge': String.raw`\b`,
  'no-word-edge': String.raw`\B`,
}
const plainAssertions: Readonly<Record<Assertion, string>> = {
  ...exactAssertions,
  'end-or-last-newline': '$',
  'line-start': '^',
  'line-end': '$',
}

interface WriterOptions {
  readonly wide: boolean
  readonly isExact: boolean
  readonly captures: number[]
}

class Writer {
  readonly #tree: RegexTree
  readonly #options: WriterOptions
  #groups = 0
  /** Inside of what looks behind. */
  #behind = false

  constructor(tree: RegexTree, options: WriterOptions) {
    this.#tree = tree
    this.#options = options
  }

  write(node: RegexNode): string {
    switch (node.kind) {
      case 'set':
        return this.#options.wide ? wideSet(node.set) : narrowSet(node.set)
      case 'sequence':
        return node.items.map(item => (item.kind === 'choice' ? `(?:${this.write(item)})` : this.write(item))).join('')
      case 'choice':
        return node.options.map(option => this.write(option)).join('|')
      case 'capture':
        this.#options.captures[node.index] = ++this.#groups
        return `(${this.write(node.body)})`
      case 'look': {
        const outside = this.#behind
        this.#behind = node.sign.startsWith('<')
        const body = this.write(node.body)
        this.#behind = outside
        return `(?${node.sign}${body})`
      }
      case 'atomic': {
        // What a look has found it does not look for again. Behind, JavaScript goes from right to left.
        const index = ++this.#groups
        const body = this.write(node.body)
        return this.#behind ? `(?:\\${index}(?<=(${body})))` : `(?:(?=(${body}))\\${index})`
      }
      case 'reference': {
        const index = typeof node.to === 'number' ? node.to : (this.#tree.names.get(node.to) ?? 0)
        return `(?:\\${this.#options.captures[index] ?? 0})`
      }
      case 'repeat':
        return `(?:${this.write(node.body)})${quantifier(node)}`.replace(unneededGroup, '$1$2')
      case 'assert':
        return (this.#options.isExact ? exactAssertions : plainAssertions)[node.what]
    }
  }
}

/** `(?:a)*`, `(?:[a-z])*`: one unit needs no group around it. */
const unneededGroup = /^\(\?:(\w|\\u[\da-f]{4}|\[[^[\]]*\])\)([*+?{][^)]*)$/

function quantifier({ min, max, lazy }: { min: number; max: number; lazy: boolean }): string {
  const end = lazy ? '?' : ''
  if (max === Infinity && min <= 1) return (min === 0 ? '*' : '+') + end
  if (min === 0 && max === 1) return `?${end}`
  return `{${min}${max === min ? '' : `,${max === Infinity ? '' : max}`}}${end}`
}

function unit(code: number): string {
  const character = String.fromCharCode(code)
  return /\w/.test(character) ? character : `\\u${code.toString(16).padStart(4, '0')}`
}

function classOf(units: CodePoints): string {
  const [first] = units
  if (units.length === 1 && first && first[0] === first[1]) return unit(first[0])
  return `[${units.map(([from, to]) => (from === to ? unit(from) : `${unit(from)}-${unit(to)}`)).join('')}]`
}

const narrowSet = (set: CodePoints): string => classOf(within(set, 0, 0xffff))

function wideSet(set: CodePoints): string {
  const single = union(within(set, 0, 0xd7ff), within(set, 0xe000, 0xffff))
  const pairs = within(set, 0x1_0000, 0x10_ffff).flatMap(([first, last]) => pairsOf(first, last))
  if (pairs.length === 0) return classOf(single)
  return `(?:${[...(single.length === 0 ? [] : [classOf(single)]), ...pairs].join('|')})`
}

/** The pairs of units of a run of code points: a head that is not whole, the whole middle, a tail. */
function pairsOf(first: number, last: number): string[] {
  const lead = (code: number): number => 0xd800 + ((code - 0x1_0000) >> 10)
  const trail = (code: number): number => 0xdc00 + ((code - 0x1_0000) & 0x3ff)
  const pair = (leads: [number, number], trails: [number, number]): string => classOf([leads]) + classOf([trails])
  const [from, to] = [lead(first), lead(last)]
  if (from === to) return [pair([from, from], [trail(first), trail(last)])]
  const pairs: string[] = []
  const wholeFrom = trail(first) === 0xdc00 ? from : from + 1
  const wholeTo = trail(last) === 0xdfff ? to : to - 1
  if (wholeFrom > from) pairs.push(pair([from, from], [trail(first), 0xdfff]))
  if (wholeFrom <= wholeTo) pairs.push(pair([wholeFrom, wholeTo], [0xdc00, 0xdfff]))
  if (wholeTo < to) pairs.push(pair([to, to], [0xdc00, trail(last)]))
  return pairs
}
