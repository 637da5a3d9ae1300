/** Sets of code points, as regular expressions name them. */

/** First and last code point of each run, in order, with a gap between two runs. */
export type CodePoints = readonly (readonly [first: number, last: number])[]

export const codePointMax = 0x10_ffff
export const anyCodePoint: CodePoints = [[0, codePointMax]]

/** The members of all sets. Runs may come in any order and overlap. */
export function union(...sets: readonly CodePoints[]): CodePoints {
  const runs = sets.flat().toSorted((a, b) => a[0] - b[0])
  const joined: [number, number][] = []
  for (const [first, last] of runs) {
    const previous = joined.at(-1)
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last)
    else joined.push([first, last])
  }
  return joined
}

/** Everything that is not in the set. */
export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = []
  let next = 0
  for (const [first, last] of set) {
    if (first > next) gaps.push([next, first - 1])
    next = last + 1
  }
  if (next <= codePointMax) gaps.push([next, codePointMax])
  return gaps
}

/** What of the set lies between `first` and `last`. */
export function within(set: CodePoints, first: number, last: number): CodePoints {
  return set
    .filter(run => run[1] >= first && run[0] <= last)
    .map(run => [Math.max(run[0], first), Math.min(run[1], last)] as const)
}

/** Of characters and ranges: `a-z`, `_`. */
function ofText(text: string): CodePoints {
  const runs = [...text.matchAll(/(.)(?:-(.))?/gsu)].map(([, first = '', last = first]): [number, number] => [
    first.codePointAt(0) as number,
    last.codePointAt(0) as number,
  ])
  return union(runs)
}

export const digits = ofText('0-9')
export const wordCharacters = ofText('0-9A-Z_a-z')
export const spaces = ofText('\t-\r ')
export const horizontalSpaces = ofText('\t \u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000')
export const verticalSpaces = ofText('\n-\r\u0085\u2028\u2029')

/** The POSIX classes, `[:alpha:]`; ASCII only, as long as nobody asks for Unicode. */
export const posixClasses: Readonly<Record<string, CodePoints>> = {
  alnum: ofText('0-9A-Za-z'),
  alpha: ofText('A-Za-z'),
  ascii: [[0, 0x7f]],
  blank: ofText('\t '),
  cntrl: union([[0, 0x1f]], [[0x7f, 0x7f]]),
  digit: digits,
  graph: [[0x21, 0x7e]],
  lower: ofText('a-z'),
  print: [[0x20, 0x7e]],
  punct: ofText('!-/:-@[-`{-~'),
  space: spaces,
  upper: ofText('A-Z'),
  word: wordCharacters,
  xdigit: ofText('0-9A-Fa-f'),
}

const properties = new Map<string, CodePoints>()

/**
 * The code points that have a property: a general category (`L`, `Lu`), a script (`Greek`), or one of PCRE's own (`Any`, `L&`,
 * `Xan`, `Xsp`, `Xps`, `Xwd`). Undefined for another name.
 */
export function findProperty(name: string): CodePoints | undefined {
  const known = properties.get(name)
  if (known) return known
  const own: Readonly<Record<string, string>> = {
    Any: '[^]',
    'L&': String.raw`[\p{Lu}\p{Ll}\p{Lt}]`,
    Xan: String.raw`[\p{L}\p{N}]`,
    Xwd: String.raw`[\p{L}\p{N}_]`,
    Xsp: String.raw`[\p{Z}\t-\r]`,
    Xps: String.raw`[\p{Z}\t-\r]`,
  }
  const isName = /^\w+$/.test(name)
  const sources = Object.hasOwn(own, name)
    ? [own[name] as string]
    : [String.raw`\p{gc=${name}}`, String.raw`\p{scx=${name}}`, String.raw`\p{${name}}`]
  if (!isName && name !== 'L&') return undefined
  const regex = sources.map(source => tryRegex(`${source}+`)).find(found => found !== undefined)
  if (regex === undefined) return undefined
  const found = matching(regex)
  // As many entries as Unicode has properties: names that it does not know are not kept.
  properties.set(name, found)
  return found
}

function tryRegex(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'gu')
  } catch {
    return undefined
  }
}

/** The code points that a regular expression of one character, repeated, matches. */
function matching(regex: RegExp): CodePoints {
  const runs: [number, number][] = []
  const blockSize = 0x4000
  for (let block = 0; block <= codePointMax; block += blockSize) {
    // Halves of pairs are no characters: a run goes on over them.
    let text = ''
    const at: number[] = []
    for (let point = block; point < block + blockSize; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue
      text += String.fromCodePoint(point)
      at.push(point)
      if (point > 0xffff) at.push(point)
    }
    for (const { 0: run, index } of text.matchAll(regex)) {
      runs.push([at[index] as number, at[index + run.length - 1] as number])
    }
  }
  return union(runs)
}

let caseGroups: Map<number, readonly number[]> | undefined

/** The set with every letter in all its cases (simple folding, one code point for one). */
export function withAllCases(set: CodePoints): CodePoints {
  const extra: [number, number][] = []
  const add = (point: number): void => void extra.push([point, point])
  for (const [first, last] of within(set, 0x41, 0x7a)) {
    for (let point = first; point <= last; point++) {
      const lower = point | 0x20
      if (lower < 0x61 || lower > 0x7a) continue
      add(point ^ 0x20)
      // The Kelvin sign is a k, the long s an s.
      if (lower === 0x6b) add(0x212a)
      if (lower === 0x73) add(0x017f)
    }
  }
  if (set.some(([, last]) => last >= 0x80)) {
    caseGroups ??= makeCaseGroups()
    for (const [point, group] of caseGroups) {
      if (set.some(([first, last]) => point >= first && point <= last)) for (const other of group) add(other)
    }
  }
  return extra.length === 0 ? set : union(set, extra)
}

/** Code point → all of its cases, for those that have more than one; ASCII letters that have no others are left out. */
function makeCaseGroups(): Map<number, readonly number[]> {
  const byFold = new Map<number, number[]>()
  for (let point = 0x41; point < 0x1_f000; point++) {
    // The Turkish i's fold to no other letter without a language.
    if (point === 0x130 || point === 0x131 || (point >= 0xd800 && point <= 0xdfff)) continue
    const text = String.fromCodePoint(point)
    const upper = single(text.toUpperCase()) ?? text
    const lower = single(upper.toLowerCase()) ?? upper
    const fold = lower.codePointAt(0) as number
    if (fold === point && upper === text) continue
    const group = byFold.get(fold) ?? [fold]
    if (!group.includes(point)) group.push(point)
    byFold.set(fold, group)
  }
  const groups = new Map<number, readonly number[]>()
  for (const group of byFold.values()) for (const point of group) groups.set(point, group)
  return groups
}

const single = (text: string): string | undefined =>
  text.length === ((text.codePointAt(0) as number) > 0xffff ? 2 : 1) ? text : undefined
