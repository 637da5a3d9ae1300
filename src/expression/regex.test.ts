/** What a pattern matches, by PCRE's rules. */
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { compileRegex, compileRegexSearch } from './regex.ts'

const cases: readonly [
  claim: string,
  pattern: string,
  options: string,
  yes: readonly string[],
  no: readonly string[],
][] = [
  ['a literal', 'a.c', '', ['abc', 'xa\rcx'], ['a\nc', 'ac']],
  ['dot is all with s', 'a.c', 's', ['a\nc'], []],
  ['dot takes a whole character', '^.$', '', ['a', '😀'], ['ab']],
  ['a class above U+FFFF', '^[😀-😂a]+$', '', ['😀😁a', '😂'], ['😄', 'b']],
  ['a negated class takes a whole character', '^[^a]$', '', ['😀', 'b'], ['a', '']],
  ['repeated characters above U+FFFF', '^😀{2}$', '', ['😀😀'], ['😀']],
  ['i: letters', 'ÀbC', 'i', ['àBc', 'ÀBC'], ['abc']],
  ['i: Kelvin and long s', '^ks$', 'i', ['KS', '\u212a\u017f'], ['kß']],
  ['i: a negated class', '^[^a]$', 'i', ['b'], ['a', 'A']],
  ['i: Greek sigma', '^σ$', 'i', ['Σ', 'ς'], ['s']],
  ['$ before a last newline', 'a$', '', ['a', 'a\n'], ['a\n\n', 'ab', 'a\r\n']],
  [String.raw`\z only at the end`, String.raw`a\z`, '', ['a'], ['a\n']],
  [String.raw`\A and \Z`, String.raw`\Aa\Z`, 'm', ['a', 'a\n'], ['b\na']],
  ['m: lines', '^b$', 'm', ['a\nb\nc', 'b\n'], ['a\rb', 'ab']],
  ['m: \\r ends no line', '^b', 'm', ['a\r\nb'], ['a\rb', 'a\u2028b']],
  ['m: no line begins behind the last newline', '^$', 'm', ['', '\n'], ['a\n']],
  ['x: blanks and comments', ' a b # c\n d', 'x', ['abd'], ['a b']],
  ['inline flags for the rest', 'a(?i)b', '', ['aB'], ['AB']],
  ['inline flags for a group', 'a(?i:b)c', '', ['aBc'], ['aBC', 'ABc']],
  ['inline flags reach into later options', '^(a(?i)b|c)$', '', ['aB', 'C'], ['AB']],
  ['inline flags off', '(?-i)a', 'i', ['a'], ['A']],
  ['POSIX classes', '^[[:alpha:][:digit:]_-]+$', '', ['aZ9_-'], ['é', ' ']],
  ['a negated POSIX class', '^[[:^space:]]$', '', ['a'], [' ']],
  [String.raw`\d \w \s are ASCII`, String.raw`^\d\w\s$`, '', ['1a\t'], ['٣a ', '1é ', '1a\u00a0']],
  ['(*UCP) makes them Unicode', String.raw`(*UCP)^\d\w$`, '', ['٣é'], ['é٣']],
  ['(*UCP) words have edges', String.raw`(*UCP)\bé\b`, '', ['a é b'], ['aé']],
  ['properties', String.raw`^\p{Lu}\p{Greek}\PL$`, '', ['Aα1'], ['aα1', 'Aα√b']],
  [String.raw`\h and \v`, String.raw`^\h\v$`, '', [' \n', '\u00a0\u2028'], ['\n ']],
  [String.raw`\R`, String.raw`^a\Rb$`, '', ['a\r\nb', 'a\nb'], ['a\t\nb']],
  ['quoted text', String.raw`^\Qa.b*\E+$`, '', ['a.b*', 'a.b**'], ['aab*']],
  ['escapes', String.raw`^\x41\x{1F600}\x{42}\e\a\cA\012$`, '', ['A😀B\u001b\u0007\u0001\n'], ['A']],
  ['possessive', '^a++a', '', [], ['aaa']],
  ['atomic', '^(?>a|ab)c', '', ['ac'], ['abc']],
  ['references', String.raw`^(a|b)\1$`, '', ['aa', 'bb'], ['ab']],
  ['references by name', '^(?<x>a|b)(?P=x)\\k{x}$', '', ['aaa'], ['aab']],
  ['references behind an atomic group', String.raw`^(?>x)(a|b)\1$`, '', ['xaa'], ['xab']],
  ['references that ignore case', String.raw`^(a)\1$`, 'i', ['aA'], ['ab']],
  ['relative references', String.raw`^(a)(b)\g{-1}$`, '', ['abb'], ['aba']],
  ['lookaround', '^(?!.*deleted)(?=.*x)a.*(?<!z)$', '', ['ax'], ['ax deleted', 'axz']],
  ['brackets and braces that mean themselves', '^]{,b}a{$', '', [']{,b}a{'], [']a']],
  ['a count without its least', '^a{,3}$', '', ['', 'aaa'], ['aaaa', 'a{,3}']],
  ['an atomic group behind', '(?<=(?>a|ab))c', '', ['ac', 'abc'], ['bc']],
  ['a mere text', String.raw`a\.😀`, '', ['xa.😀', 'a.😀x'], ['a😀']],
  ['a mere text at the beginning', '^ab', '', ['abc'], ['cab']],
  ['a mere text at the end', 'ab$', '', ['cab', 'cab\n'], ['abc', 'ab\n\n']],
  ['a mere text and nothing else', '^ab$', '', ['ab', 'ab\n'], ['abb', 'aab']],
  [String.raw`a mere text up to \z`, String.raw`ab\z`, '', ['ab'], ['ab\n']],
  ['a quantifier on a group', '^(ab){2,3}?$', '', ['abab', 'ababab'], ['ab', 'abababab']],
  ['a repeated assertion', '^(?:^)*a', '', ['a'], ['b']],
  ['a class that begins with its end', '^[]a]+$', '', [']a'], ['b']],
  ['a range that is none', String.raw`^[\d-x]+$`, '', ['1-x'], ['a']],
  ['a comment', 'a(?#no)b', '', ['ab'], ['a(?#no)b']],
  ['nothing', '', '', ['', 'a'], []],
]

test.each(cases)('%s: /%s/%s', (_, pattern, options, yes, no) => {
  const matches = compileRegex(pattern, options)
  expect([...yes, ...no].filter(matches)).toEqual(yes)
})

test.each([
  ['(', ''],
  [')', ''],
  ['[a', ''],
  ['*a', ''],
  ['a{3,2}', ''],
  [String.raw`\1`, ''],
  [String.raw`(?<a>x)\k<b>`, ''],
  ['{,2}a', ''],
  ['('.repeat(300) + ')'.repeat(300), ''],
  ['a{70000}', ''],
  [String.raw`\u0041`, ''],
  ['(?R)', ''],
  ['(?1)(a)', ''],
  ['(?(1)a|b)', ''],
  [String.raw`a\Kb`, ''],
  [String.raw`\Ga`, ''],
  ['(?|(a)|(b))', ''],
  ['(*ACCEPT)a', ''],
  [String.raw`\p{Nonsense}`, ''],
  ['[[:nonsense:]]', ''],
  ['a\\', ''],
])('/%s/ is refused', (pattern, options) => {
  const code = 'Location51091'
  expect(() => compileRegex(pattern, options)).toThrow(expect.objectContaining({ codeName: code }) as CommandError)
})

test('an unknown option is refused', () => {
  expect(() => compileRegex('a', 'g')).toThrow('invalid flag in regex options: g')
})

test('a search goes on where it is told to, and gives captures', () => {
  const search = compileRegexSearch('(?>x)?(a)(b)?', '')
  expect(search('xab-a', 0)).toEqual({ start: 0, end: 3, captures: ['a', 'b'] })
  expect(search('xab-a', 3)).toEqual({ start: 4, end: 5, captures: ['a', undefined] })
  expect(search('xab-a', 5)).toBeUndefined()
})

test.each([
  ['^(a+)+$', ''],
  ['^(a+)+$', 'i'],
  ['^(.|a)*$', 's'],
  [String.raw`(x+x+)+y`, ''],
])('/%s/%s takes no time where it cannot match', (pattern, options) => {
  const matches = compileRegex(pattern, options)
  const text = `${'a'.repeat(20)}${'x'.repeat(40)}\n!`
  expect(matches(text)).toBe(options === 's')
  expect(matches(`${text}😀`)).toBe(options === 's')
})

test('a pattern that runs away is stopped', () => {
  const matches = compileRegex(String.raw`^(?=(a+)+$)`, '')
  expect(() => matches(`${'a'.repeat(60)}b`)).toThrow('takes too long')
  expect(matches('aaa')).toBe(true)
})

test('a text that fills the stack of steps back is searched to its end', () => {
  expect(compileRegex('^(?:(((((a)))))|(b))*c', '')('ab'.repeat(1_000_000))).toBe(false)
})
