/** Strings: looked for, cut, replaced and matched. */
import { BSONRegExp, Code, Timestamp } from 'bson'
import { describe, expect, test } from 'vitest'
import { doubleText } from './strings.ts'
import { decimal, double, gives, int, long, refuses } from './tables.suite.ts'

describe('taken together and apart', () => {
  gives([
    [{ $concat: [] }, ''],
    [{ $concat: ['a', 'b', 'é'] }, 'abé'],
    [{ $concat: ['a', '$x'] }, null],
    [{ $split: ['a-b--c', '-'] }, ['a', 'b', '', 'c']],
    [{ $split: ['abc', '-'] }, ['abc']],
    [{ $split: ['$x', '-'] }, null],
    [{ $trim: { input: ' \t\n a b \u00a0\u2003' } }, 'a b'],
    [{ $ltrim: { input: '  a ' } }, 'a '],
    [{ $rtrim: { input: '  a ' } }, '  a'],
    [{ $trim: { input: 'xyaxyx', chars: 'yx' } }, 'a'],
    [{ $trim: { input: '😀a😀', chars: '😀' } }, 'a'],
    [{ $trim: { input: 'aa', chars: 'a' } }, ''],
    [{ $trim: { input: '$x' } }, null],
    [{ $trim: { input: 'a', chars: '$x' } }, null],
    [{ $toUpper: 'aÿ1' }, 'Aÿ1'],
    [{ $toLower: 'AÉ' }, 'aÉ'],
    [{ $toLower: '$x' }, ''],
    [{ $toLower: long(5) }, '5'],
    [{ $toLower: new Date(0) }, '1970-01-01t00:00:00.000z'],
    [{ $strcasecmp: ['ABC', 'abc'] }, int(0)],
    [{ $strcasecmp: ['a', 'B'] }, int(-1)],
    [{ $strcasecmp: ['b', '$x'] }, int(1)],
  ])
  refuses([
    [{ $concat: ['a', 1] }, 'Location16702'],
    [{ $split: [1, ','] }, 'Location40085'],
    [{ $split: ['a', 1] }, 'Location40086'],
    [{ $split: ['a', ''] }, 'Location40087'],
    [{ $trim: { input: 1 } }, 'Location50699'],
    [{ $trim: { input: 'a', chars: 1 } }, 'Location50700'],
    [{ $trim: { chars: 'a' } }, 'Location50695'],
    [{ $trim: { input: 'a', x: 1 } }, 'Location50694'],
    [{ $trim: ' a ' }, 'Location50696'],
    [{ $toLower: true }, 'Location16007'],
    [{ $toUpper: [[1]] }, 'Location16007'],
  ])
})

describe('positions', () => {
  gives([
    [{ $strLenBytes: 'aé😀' }, int(7)],
    [{ $strLenCP: 'aé😀' }, int(3)],
    [{ $indexOfBytes: ['aéb', 'b'] }, int(3)],
    [{ $indexOfBytes: ['abcb', 'b', 2] }, int(3)],
    [{ $indexOfBytes: ['abcb', 'b', 2, 3] }, int(-1)],
    [{ $indexOfBytes: ['abc', '', 3] }, int(3)],
    [{ $indexOfBytes: ['abc', '', 4] }, int(-1)],
    [{ $indexOfBytes: ['abc', 'c', 0, 100] }, int(2)],
    [{ $indexOfBytes: ['$x', 'a'] }, null],
    [{ $indexOfCP: ['é😀b', 'b'] }, int(2)],
    [{ $indexOfCP: ['é😀b', '😀', double(1)] }, int(1)],
    [{ $indexOfCP: ['é😀b', 'b', 0, 2] }, int(-1)],
    [{ $indexOfCP: ['abc', 'z'] }, int(-1)],
    [{ $indexOfCP: ['abc', 'a', 5] }, int(-1)],
    [{ $substrBytes: ['aébc', 1, 2] }, 'é'],
    [{ $substr: ['hello', 1, -1] }, 'ello'],
    [{ $substr: [12_345, 0, 2] }, '12'],
    [{ $substr: ['abc', 5, 1] }, ''],
    [{ $substr: ['$x', 0, 1] }, ''],
    [{ $substrBytes: ['abc', double(1.9), 1] }, 'b'],
    [{ $substrCP: ['aé😀b', 1, 2] }, 'é😀'],
    [{ $substrCP: ['abc', 1, 100] }, 'bc'],
    [{ $substrCP: ['abc', 9, 1] }, ''],
  ])
  refuses([
    [{ $strLenCP: '$x' }, 'Location34471'],
    [{ $strLenBytes: null }, 'Location34473'],
    [{ $indexOfBytes: [1, 'a'] }, 'Location40091'],
    [{ $indexOfBytes: ['a', '$x'] }, 'Location40092'],
    [{ $indexOfCP: [1, 'a'] }, 'Location40093'],
    [{ $indexOfCP: ['a', 1] }, 'Location40094'],
    [{ $indexOfCP: ['a', 'a', 'x'] }, 'Location40096'],
    [{ $indexOfCP: ['a', 'a', 1.5] }, 'Location40096'],
    [{ $indexOfBytes: ['a', 'a', -1] }, 'Location40097'],
    [{ $indexOfBytes: ['a'] }, 'Location28667'],
    [{ $substrBytes: ['é', 1, 1] }, 'Location28656'],
    [{ $substrBytes: ['é', 0, 1] }, 'Location28657'],
    [{ $substrBytes: ['a', 'x', 1] }, 'Location16034'],
    [{ $substrBytes: ['a', 0, 'x'] }, 'Location16035'],
    [{ $substrBytes: ['a', -1, 1] }, 'Location50752'],
    [{ $substrCP: ['a', 'x', 1] }, 'Location34450'],
    [{ $substrCP: ['a', 1.5, 1] }, 'Location34451'],
    [{ $substrCP: ['a', 0, 'x'] }, 'Location34452'],
    [{ $substrCP: ['a', 0, 1.5] }, 'Location34453'],
    [{ $substrCP: ['a', 0, -1] }, 'Location34454'],
    [{ $substrCP: ['a', -1, 1] }, 'Location34455'],
  ])
})

describe('replaced', () => {
  const words = (input: unknown, find: unknown, replacement: unknown) => ({ input, find, replacement })
  gives([
    [{ $replaceOne: words('aXbX', 'X', 'y') }, 'aybX'],
    [{ $replaceAll: words('a.b.c', '.', '-') }, 'a-b-c'],
    [{ $replaceAll: words('aXb', 'X', { $literal: '$&$1' }) }, 'a$&$1b'],
    [{ $replaceOne: words('ab', '', 'x') }, 'xab'],
    [{ $replaceAll: words('ab', 'z', 'x') }, 'ab'],
    [{ $replaceAll: words('$x', 'z', 'x') }, null],
    [{ $replaceOne: words('ab', '$x', 'x') }, null],
    [{ $replaceOne: words('ab', 'a', '$x') }, null],
  ])
  refuses([
    [{ $replaceOne: words(1, 'a', 'b') }, 'Location51746'],
    [{ $replaceOne: words('a', 1, 'b') }, 'Location51745'],
    [{ $replaceOne: words('a', 'a', 1) }, 'Location51744'],
    [{ $replaceAll: { input: 'a', find: 'b' } }, 'Location51747'],
    [{ $replaceAll: { find: 'b', replacement: 'c' } }, 'Location51749'],
    [{ $replaceAll: 'a' }, 'Location51751'],
    [{ $replaceAll: { input: 'a', x: 1 } }, 'Location51750'],
  ])
})

describe('matched', () => {
  const find = (input: unknown, regex: unknown, more: object = {}) => ({ $regexFind: { input, regex, ...more } })
  const all = (input: unknown, regex: unknown) => ({ $regexFindAll: { input, regex } })
  const matches = (input: unknown, regex: unknown, more: object = {}) => ({ $regexMatch: { input, regex, ...more } })
  const found = (match: string, idx: number, captures: unknown[] = []) => ({ match, idx, captures })
  gives([
    [matches('abc', 'b.'), true],
    [matches('abc', new BSONRegExp('B', 'i')), true],
    [matches('abc', 'B', { options: 'i' }), true],
    [matches('abc', new BSONRegExp('B', ''), { options: 'i' }), true],
    [matches('$x', 'b'), false],
    [matches('abc', '$x'), false],
    [matches('abc', '$r'), true, { r: '^a' }],
    [matches('abc', 'A', { options: '$o' }), true, { o: 'i' }],
    [find('é😀bc', 'b(c)(d)?'), found('bc', 2, ['c', null])],
    [find('abc', 'z'), null],
    [find('$x', 'z'), null],
    [all('a1b22', '[a-z](\\d+)'), [found('a1', 0, ['1']), found('b22', 2, ['22'])]],
    [all('a😀', 'x*'), [found('', 0), found('', 1)]],
    [all('aXa', '^a'), [found('a', 0)]],
    [all('abc', 'z'), []],
    [all('$x', 'z'), []],
  ])
  refuses([
    [matches(1, 'b'), 'Location51104'],
    [matches('a', 1), 'Location51105'],
    [matches('a', 'a', { options: 1 }), 'Location51106'],
    [matches('a', new BSONRegExp('a', 'i'), { options: 'i' }), 'Location51107'],
    [matches('a', '('), 'Location51111'],
    [matches('a', 'a', { options: 'k' }), 'Location51108'],
    [matches('a', 'a\0'), 'Location51109'],
    [{ $regexFind: { regex: 'a' } }, 'Location31022'],
    [{ $regexFind: { input: 'a' } }, 'Location31023'],
    [{ $regexFind: { input: 'a', x: 1 } }, 'Location31024'],
    [{ $regexFind: 'a' }, 'Location51103'],
  ])
})

describe('numbers and others as text', () => {
  gives([
    [{ $toLower: double(2.5) }, '2.5'],
    [{ $toLower: decimal('1.50') }, '1.50'],
    [{ $toLower: new Code('F()') }, 'f()'],
    [{ $toLower: new Timestamp({ t: 1, i: 2 }) }, 'timestamp(1, 2)'],
  ])
  test.each([
    [1, '1'],
    [-0, '-0'],
    [0.1, '0.1'],
    [1234.5, '1234.5'],
    [1e15, '1000000000000000'],
    [1e16, '1e+16'],
    [0.0001, '0.0001'],
    [0.000012, '1.2e-05'],
    [-1.5e300, '-1.5e+300'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ])('%d is %s', (value, text) => expect(doubleText(value)).toBe(text))
})
