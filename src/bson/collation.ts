/**
 * Collations: how strings compare when a command asks for more than their bytes.
 *
 * The comparing is done by Intl.Collator, which is ICU as in the server. What Intl has no option for is refused by name:
 * two strings that compare otherwise than asked would be found, or not, without anybody noticing. Accepted though Intl
 * cannot say it, because it comes to the same: strength 4 and 5 without `shifted`, `backwards` where the language has no rules
 * of its own (they are those of Canadian French), `normalization`, which Intl always does.
 *
 * Source: MongoDB manual, "Collation"; Unicode Technical Standard 35, part 5.
 */
import { CommandError } from '../base/errors.ts'
import { collationCountMax } from '../base/limits.ts'
import { encodeUtf8 } from './bytes.ts'
import { encodeDocument } from './encode.ts'
import { toExactInteger } from './number.ts'
import { elementsOf, isEmpty } from './reader.ts'
import { show } from './show.ts'
import { BsonType, documentValue, isDocument, isNumber, isString, toBool, toText, typeName } from './value.ts'
import type { Value } from './value.ts'

export interface Collation {
  /** The order of two strings: negative, zero, positive. Zero means equal under this collation. */
  compare(a: string, b: string): number
  /** The complete specification, all options spelled out, as listCollections and listIndexes show it. */
  readonly spec: Value
}

/** What a user wrote; an option that is undefined was left out. */
interface CollationOptions {
  locale: string | undefined
  caseLevel: boolean | undefined
  caseFirst: string | undefined
  strength: number | undefined
  numericOrdering: boolean | undefined
  alternate: string | undefined
  maxVariable: string | undefined
  normalization: boolean | undefined
  backwards: boolean | undefined
  version: string | undefined
}

/** The version of the rules that the servers of today write into every specification. */
const version = '57.1'

const words = {
  caseFirst: ['upper', 'lower', 'off'],
  alternate: ['non-ignorable', 'shifted'],
  maxVariable: ['punct', 'space'],
} as const

// By the text of what was asked for, the one asked for last at the end.
const cache = new Map<string, Collation>()

/**
 * The collation that a `collation` field asks for; undefined for none, `{}` and `{ locale: 'simple' }`: bytes decide.
 *
 * @throws CommandError for what is no collation, and for what no collation here can do.
 */
export function parseCollation(spec: Value | undefined): Collation | undefined {
  if (spec === undefined) return undefined
  if (!isDocument(spec)) throw wrongType('collation', spec, 'object')
  if (isEmpty(spec)) return undefined
  const options = parseOptions(spec)
  if (options.locale === undefined) {
    throw new CommandError('IDLFailedToParse', "BSON field 'collation.locale' is missing but a required field")
  }
  if (options.locale === 'simple') {
    if (elementsOf(spec).length === 1) return undefined
    throw new CommandError('BadValue', "The collation locale 'simple' takes no other options")
  }
  const name = JSON.stringify(options)
  const collation = cache.get(name) ?? makeCollation(options.locale, options)
  cache.delete(name)
  cache.set(name, collation)
  const [oldest] = cache.keys()
  if (cache.size > collationCountMax && oldest !== undefined) cache.delete(oldest)
  return collation
}

function parseOptions(spec: Value): CollationOptions {
  const options: CollationOptions = {
    locale: undefined,
    caseLevel: undefined,
    caseFirst: undefined,
    strength: undefined,
    numericOrdering: undefined,
    alternate: undefined,
    maxVariable: undefined,
    normalization: undefined,
    backwards: undefined,
    version: undefined,
  }
  for (const [name, value] of elementsOf(spec)) {
    switch (name) {
      case 'locale':
        options.locale = requireText(name, value)
        break
      case 'version':
        options.version = requireText(name, value)
        if (options.version === version) break
        throw new CommandError(
          'IncompatibleCollationVersion',
          `Only collation version ${version} is known: ${show(spec)}`,
        )
      case 'caseFirst':
      case 'alternate':
      case 'maxVariable':
        options[name] = requireWord(name, value)
        break
      case 'caseLevel':
      case 'numericOrdering':
      case 'normalization':
      case 'backwards':
        if (value.type !== BsonType.bool) throw wrongType(`collation.${name}`, value, 'bool')
        options[name] = toBool(value)
        break
      case 'strength':
        options.strength = requireStrength(value)
        break
      default:
        throw new CommandError('IDLUnknownField', `BSON field 'collation.${name}' is an unknown field.`)
    }
  }
  return options
}

function requireText(name: string, value: Value): string {
  if (!isString(value)) throw wrongType(`collation.${name}`, value, 'string')
  return toText(value)
}

function requireWord(name: keyof typeof words, value: Value): string {
  const word = requireText(name, value)
  if ((words[name] as readonly string[]).includes(word)) return word
  throw new CommandError('BadValue', `Enumeration value '${word}' for field 'collation.${name}' is not a valid value.`)
}

function requireStrength(value: Value): number {
  if (!isNumber(value)) throw wrongType('collation.strength', value, 'int')
  const strength = Number(toExactInteger(value) ?? -1)
  if (strength >= 1 && strength <= 5) return strength
  throw new CommandError('BadValue', `Field 'collation.strength' must be an integer 1 through 5. Got: ${show(value)}`)
}

function wrongType(name: string, value: Value, expected: string): CommandError {
  return new CommandError(
    'TypeMismatch',
    `BSON field '${name}' is the wrong type '${typeName(value)}', expected type '${expected}'`,
  )
}

/** Whether two `collation` fields ask for the same; so do none at all and the simple one. */
export function isSameCollation(a: Value | undefined, b: Value | undefined): boolean {
  const text = (spec: Value | undefined) => {
    const full = parseCollation(spec)?.spec
    return full && show(full)
  }
  return text(a) === text(b)
}

/** The names of ICU for kinds of order within a language, and those of Intl. */
const kinds = new Map([
  ['phonebook', 'phonebk'],
  ['traditional', 'trad'],
  ['dictionary', 'dict'],
  ['gb2312han', 'gb2312'],
])

const localePattern = /^([a-z]{2,3})(?:_([A-Z][a-z]{3}))?(?:_([A-Z]{2}|\d{3}))?(_POSIX)?(?:@collation=([a-z\d]+))?$/

interface Locale {
  /** As Intl spells it. */
  readonly tag: string
  readonly language: string
  readonly kind: string | undefined
}

function parseLocale(locale: string): Locale {
  const invalid = () => new CommandError('BadValue', `Field 'locale' is invalid in: { locale: "${locale}" }`)
  const match = localePattern.exec(locale)
  if (match === null) throw invalid()
  const [, language = '', script, region, posix, icuKind] = match
  const plain = [language, script, region].filter(part => part !== undefined).join('-')
  if (Intl.Collator.supportedLocalesOf([plain])[0] !== plain) throw invalid()
  const kind = icuKind === undefined ? undefined : (kinds.get(icuKind) ?? icuKind)
  if (posix !== undefined) {
    if (plain !== 'en-US' || kind !== undefined) throw invalid()
    return { tag: 'en-US-u-va-posix', language: 'posix', kind }
  }
  return { tag: kind === undefined ? plain : `${plain}-u-co-${kind}`, language, kind }
}

/** Languages whose order is that of the root of all locales, so that Canadian French differs by `backwards` alone. */
const rootLanguages = new Set(['fr', 'en', 'de', 'it', 'nl', 'pt'])

function makeCollation(localeName: string, options: CollationOptions): Collation {
  const locale = parseLocale(localeName)
  const plain = new Intl.Collator(locale.tag).resolvedOptions()
  const settings = {
    caseLevel: options.caseLevel ?? false,
    // Danish puts upper case first and Thai ignores punctuation unless told otherwise.
    caseFirst: options.caseFirst ?? (plain.caseFirst === 'false' ? 'off' : plain.caseFirst),
    strength: options.strength ?? 3,
    numericOrdering: options.numericOrdering ?? false,
    alternate: options.alternate ?? (plain.ignorePunctuation ? 'shifted' : 'non-ignorable'),
    maxVariable: options.maxVariable ?? 'punct',
    normalization: options.normalization ?? false,
    backwards: options.backwards ?? localeName === 'fr_CA',
  }
  refuseContradictions(options, settings.strength, {
    caseFirst: plain.caseFirst,
    backwards: localeName === 'fr_CA',
  })
  refuseImpossible(settings)
  const tag = settings.backwards === (localeName === 'fr_CA') ? locale.tag : turnedTag(locale, settings.backwards)
  const collator = new Intl.Collator(tag, {
    sensitivity: sensitivityOf(settings.strength, settings.caseLevel),
    caseFirst: settings.caseFirst === 'off' ? 'false' : (settings.caseFirst as 'upper' | 'lower'),
    numeric: settings.numericOrdering,
    ignorePunctuation: settings.alternate === 'shifted',
  })
  const resolved = collator.resolvedOptions()
  if (locale.kind !== undefined && resolved.collation !== locale.kind) {
    throw unsupported(`the locale '${localeName}': this order of it is not there`)
  }
  if (resolved.ignorePunctuation !== (settings.alternate === 'shifted')) {
    throw unsupported(`alternate: '${settings.alternate}' for the locale '${localeName}'`)
  }
  return {
    compare: settings.strength === 5 ? identicalOrder(collator) : collator.compare,
    spec: documentValue(encodeDocument({ locale: localeName, ...settings, version })),
  }
}

/** What is the locale's own way is no contradiction: a specification that is spelled out has it too. */
function refuseContradictions(
  { backwards, caseFirst, caseLevel }: CollationOptions,
  strength: number,
  usual: { readonly backwards: boolean; readonly caseFirst: string },
): void {
  if (backwards === true && strength === 1 && !usual.backwards) {
    throw new CommandError('BadValue', "'backwards' is invalid with 'strength' of 1")
  }
  const isUsual = caseFirst === undefined || caseFirst === 'off' || caseFirst === usual.caseFirst
  if (!isUsual && caseLevel !== true && strength < 3) {
    throw new CommandError(
      'BadValue',
      "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2",
    )
  }
}

function refuseImpossible(settings: {
  caseLevel: boolean
  strength: number
  alternate: string
  maxVariable: string
}): void {
  const { caseLevel, strength, alternate, maxVariable } = settings
  if (caseLevel && strength > 1) throw unsupported(`caseLevel: true with strength: ${strength}`)
  if (alternate === 'non-ignorable') return
  if (strength > 3) throw unsupported(`alternate: 'shifted' with strength: ${strength}`)
  if (maxVariable === 'space') throw unsupported("maxVariable: 'space' with alternate: 'shifted'")
}

function sensitivityOf(strength: number, caseLevel: boolean): 'base' | 'accent' | 'case' | 'variant' {
  if (strength === 1) return caseLevel ? 'case' : 'base'
  return strength === 2 ? 'accent' : 'variant'
}

/** The tag of a locale with the same order but for `backwards`. */
function turnedTag({ language, kind }: Locale, backwards: boolean): string {
  if (!rootLanguages.has(language) || kind !== undefined) {
    throw unsupported(`backwards: ${backwards} for the locale '${language}'`)
  }
  return backwards ? 'fr-CA' : 'fr'
}

/** Strength 5: what is equal otherwise is ordered by the code points of its normal form. */
function identicalOrder(collator: Intl.Collator): (a: string, b: string) => number {
  return (a, b) =>
    collator.compare(a, b) || Buffer.compare(encodeUtf8(a.normalize('NFD')), encodeUtf8(b.normalize('NFD')))
}

function unsupported(what: string): CommandError {
  return new CommandError('BadValue', `Collation is not supported with ${what}`)
}
