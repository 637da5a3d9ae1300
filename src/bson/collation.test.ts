import { expect, test } from 'vitest'
import { EJSON, deserialize } from 'bson'
import { valueOf } from './arbitrary.suite.ts'
import { parseCollation } from './collation.ts'
import { documentBytes } from './value.ts'
import type { Collation } from './collation.ts'

function collation(spec: unknown): Collation {
  const parsed = parseCollation(valueOf(spec))
  if (parsed === undefined) throw new TypeError('this is the simple collation')
  return parsed
}

function sorted(spec: unknown, texts: string): string {
  const order = collation(spec)
  return texts
    .split(' ')
    .sort((a, b) => order.compare(a, b))
    .join(' ')
}

test('no collation, an empty one and the simple one leave it to the bytes', () => {
  expect(parseCollation(undefined)).toBeUndefined()
  expect(parseCollation(valueOf({}))).toBeUndefined()
  expect(parseCollation(valueOf({ locale: 'simple' }))).toBeUndefined()
})

test('the specification is spelled out', () => {
  const { spec } = collation({ locale: 'fr', strength: 2 })
  expect(EJSON.stringify(deserialize(documentBytes(spec)))).toBe(
    '{"locale":"fr","caseLevel":false,"caseFirst":"off","strength":2,"numericOrdering":false,"alternate":"non-ignorable",' +
      '"maxVariable":"punct","normalization":false,"backwards":false,"version":"57.1"}',
  )
})

test.each(['en', 'da', 'th', 'fr_CA', 'de@collation=phonebook', 'en_US_POSIX', 'mt'])(
  'a specification of %s that is spelled out is taken back at every strength',
  locale => {
    for (const strength of [1, 2, 3, 4, 5]) {
      let made: Collation
      try {
        made = collation({ locale, strength })
      } catch {
        continue // Not every strength is there for every locale.
      }
      expect(EJSON.stringify(deserialize(documentBytes(parseCollation(made.spec)?.spec ?? made.spec)))).toBe(
        EJSON.stringify(deserialize(documentBytes(made.spec))),
      )
      expect(parseCollation(made.spec)).toBeDefined()
    }
  },
)

test('defaults are those of the locale, and a spelled-out specification is accepted', () => {
  const specOf = (spec: unknown) => deserialize(documentBytes(collation(spec).spec))
  expect(specOf({ locale: 'da' })).toMatchObject({ caseFirst: 'upper' })
  expect(specOf({ locale: 'th' })).toMatchObject({ alternate: 'shifted' })
  expect(specOf({ locale: 'fr_CA' })).toMatchObject({ backwards: true })
  for (const locale of ['en', 'da', 'th', 'fr_CA', 'de@collation=phonebook']) {
    expect(specOf(specOf({ locale }))).toEqual(specOf({ locale }))
  }
})

test.each([
  [{ locale: 'en', strength: 1 }, 'a', 'A', 0],
  [{ locale: 'en', strength: 1 }, 'a', 'á', 0],
  [{ locale: 'en', strength: 1, caseLevel: true }, 'a', 'A', -1],
  [{ locale: 'en', strength: 1, caseLevel: true }, 'a', 'á', 0],
  [{ locale: 'en', strength: 2 }, 'a', 'A', 0],
  [{ locale: 'en', strength: 2 }, 'a', 'á', -1],
  [{ locale: 'en' }, 'a', 'A', -1],
  [{ locale: 'en', strength: 4 }, 'a', 'A', -1],
  [{ locale: 'en', caseFirst: 'upper' }, 'a', 'A', 1],
  [{ locale: 'en', numericOrdering: true }, 'a9', 'a10', -1],
  [{ locale: 'en' }, 'a9', 'a10', 1],
  [{ locale: 'en', alternate: 'shifted' }, 'a-b', 'ab', 0],
  [{ locale: 'en', normalization: true }, 'é', 'e\u0301', 0],
  [{ locale: 'en', strength: 5 }, 'é', 'e\u0301', 0],
  [{ locale: 'en', strength: 3 }, 'a', 'a\u0001', 0],
  [{ locale: 'en', strength: 5 }, 'a', 'a\u0001', -1],
  [{ locale: 'en_US_POSIX' }, 'B', 'a', -1],
  [{ locale: 'da' }, 'a', 'A', 1],
  [{ locale: 'da', caseFirst: 'off' }, 'a', 'A', -1],
])('%o orders %j and %j as %d', (spec, a, b, order) => {
  expect(Math.sign(collation(spec).compare(a, b))).toBe(order)
})

test('the order of a language, of a kind of it, and of accents from behind', () => {
  expect(sorted({ locale: 'sv' }, 'ö z å')).toBe('z å ö')
  expect(sorted({ locale: 'de' }, 'Ad Äc Ae')).toBe('Äc Ad Ae')
  expect(sorted({ locale: 'de@collation=phonebook' }, 'Af Äd Ad')).toBe('Ad Äd Af')
  expect(sorted({ locale: 'fr' }, 'côté coté côte cote')).toBe('cote coté côte côté')
  const backwards = 'cote côte coté côté'
  expect(sorted({ locale: 'fr_CA' }, 'côté coté côte cote')).toBe(backwards)
  expect(sorted({ locale: 'fr', backwards: true }, 'côté coté côte cote')).toBe(backwards)
  expect(sorted({ locale: 'fr_CA', backwards: false }, 'côté coté côte cote')).toBe('cote coté côte côté')
})

test('the same request gives the same collation, and there is room for many', () => {
  const first = collation({ locale: 'en', strength: 1 })
  expect(collation({ locale: 'en', strength: 1 })).toBe(first)
  for (const locale of [
    'af',
    'be',
    'bg',
    'ca',
    'cs',
    'cy',
    'da',
    'de',
    'el',
    'es',
    'et',
    'fi',
    'hr',
    'hu',
    'is',
    'it',
  ]) {
    for (let strength = 1; strength <= 5; strength++) collation({ locale, strength })
  }
  expect(collation({ locale: 'en', strength: 1 })).not.toBe(first)
})

test.each([
  ['en', 'TypeMismatch'],
  [{ strength: 1 }, 'IDLFailedToParse'],
  [{ locale: 'en', colour: 'red' }, 'IDLUnknownField'],
  [{ locale: 5 }, 'TypeMismatch'],
  [{ locale: 'en', strength: '1' }, 'TypeMismatch'],
  [{ locale: 'en', caseLevel: 1 }, 'TypeMismatch'],
  [{ locale: 'xx' }, 'BadValue'],
  [{ locale: '' }, 'BadValue'],
  [{ locale: 'en-US' }, 'BadValue'],
  [{ locale: 'EN' }, 'BadValue'],
  [{ locale: 'tl' }, 'BadValue'],
  [{ locale: 'en@collation=nonsense' }, 'BadValue'],
  [{ locale: 'en', strength: 0 }, 'BadValue'],
  [{ locale: 'en', strength: 6 }, 'BadValue'],
  [{ locale: 'en', strength: 1.5 }, 'BadValue'],
  [{ locale: 'en', caseFirst: 'both' }, 'BadValue'],
  [{ locale: 'en', alternate: 'none' }, 'BadValue'],
  [{ locale: 'en', maxVariable: 'all' }, 'BadValue'],
  [{ locale: 'en', strength: 1, backwards: true }, 'BadValue'],
  [{ locale: 'en', strength: 2, caseFirst: 'upper' }, 'BadValue'],
  [{ locale: 'simple', strength: 1 }, 'BadValue'],
  [{ locale: 'en', version: '1.0' }, 'IncompatibleCollationVersion'],
])('%j is refused: %s', (spec, codeName) => {
  expect(() => parseCollation(valueOf(spec))).toThrow(expect.objectContaining({ codeName }))
})

test('what only newer versions of Node.js can do is done by them, and refused by name by the others', () => {
  const parse = () => collation({ locale: 'th', alternate: 'non-ignorable' })
  const canHeedSpaces = !new Intl.Collator('th', { ignorePunctuation: false }).resolvedOptions().ignorePunctuation
  if (canHeedSpaces) expect(Math.sign(parse().compare('a b', 'ab'))).toBe(-1)
  else expect(parse).toThrow(expect.objectContaining({ codeName: 'BadValue' }))
})

test.each([
  [{ locale: 'en', strength: 2, caseLevel: true }, /caseLevel/],
  [{ locale: 'en', caseLevel: true }, /caseLevel/],
  [{ locale: 'en', strength: 4, alternate: 'shifted' }, /shifted/],
  [{ locale: 'en', alternate: 'shifted', maxVariable: 'space' }, /maxVariable/],
  [{ locale: 'es', backwards: true }, /backwards/],
  [{ locale: 'az@collation=search' }, /locale/],
])('%j cannot be done here, and is refused by name rather than done otherwise', (spec, words) => {
  const parse = () => parseCollation(valueOf(spec))
  expect(parse).toThrow(words)
  expect(parse).toThrow(expect.objectContaining({ codeName: 'BadValue' }))
})
