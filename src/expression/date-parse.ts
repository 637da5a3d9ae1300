/**
 * Text to dates, after a format or without one.
 *
 * Without a format the server takes nearly everything that a person writes. Read here: ISO dates with or without dashes, a time
 * and an offset; `2024/05/06`, `5/6/2024` (month first), `6 May 2024`, `May 6th, 2024`, each with an optional weekday in
 * front and an optional time (am and pm too) and zone behind. Not read: relative dates ("tomorrow"), ordinal and week dates.
 */
import { CommandError } from '../base/errors.ts'
import { dayMs, daysFromCivil, daysFromIsoWeek, monthDays } from './calendar.ts'
import { monthNames } from './date-format.ts'
import { type TimeZone, timeZoneOf, toUtc } from './time-zones.ts'

/** What a text says; the time is 0 where it says none. */
interface Fields {
  year?: number
  month?: number
  day?: number
  isoYear?: number
  isoWeek?: number
  weekday?: number
  dayOfYear?: number
  hour?: number
  minute?: number
  second?: number
  millisecond?: number
  zone?: TimeZone
}

/** Milliseconds since 1970. @throws CommandError ConversionFailure for a text that is no date. */
export function parseDate(text: string, zone?: TimeZone): number {
  return momentOf(text, readFreely(text), zone)
}

export type ParseDate = (text: string, zone?: TimeZone) => number

/** @throws CommandError 18535, 18536 for a format that is none. */
export function compileDateParser(format: string): ParseDate {
  const keys: (keyof typeof readers)[] = []
  const source = format.replace(/%(.?)|[\\^$.*+?()[\]{}|]/gsu, (match, character: string | undefined) => {
    if (character === undefined) return `\\${match}`
    if (character === '') throw new CommandError('Location18535', "Unmatched '%' at end of format string")
    if (character === '%') return '%'
    if (!isReader(character)) {
      throw new CommandError('Location18536', `Invalid format character '%${character}' in format string`)
    }
    keys.push(character)
    return `(${readers[character].pattern})`
  })
  const regex = new RegExp(`^${source}$`, 'i')
  return (text, zone) => {
    const match = regex.exec(text)
    if (match === null) throw failure(text, `it does not fit the format '${format}'`)
    const fields: Fields = {}
    for (const [index, key] of keys.entries()) readers[key].read(fields, match[index + 1] as string)
    return momentOf(text, fields, zone)
  }
}

const shortMonths = monthNames.map(name => name.slice(0, 3))

interface Reader {
  readonly pattern: string
  read(fields: Fields, text: string): void
}

const number = (pattern: string, name: Exclude<keyof Fields, 'zone'>): Reader => ({
  pattern,
  read: (fields, text) => (fields[name] = Number(text)),
})

const readers = {
  Y: number(String.raw`\d{4}`, 'year'),
  m: number(String.raw`\d{1,2}`, 'month'),
  d: number(String.raw`\d{1,2}`, 'day'),
  H: number(String.raw`\d{1,2}`, 'hour'),
  M: number(String.raw`\d{1,2}`, 'minute'),
  S: number(String.raw`\d{1,2}`, 'second'),
  G: number(String.raw`\d{4}`, 'isoYear'),
  V: number(String.raw`\d{1,2}`, 'isoWeek'),
  u: number('[1-7]', 'weekday'),
  j: number(String.raw`\d{1,3}`, 'dayOfYear'),
  L: { pattern: String.raw`\d{1,3}`, read: (fields, text) => (fields.millisecond = Number(text.padEnd(3, '0'))) },
  b: { pattern: shortMonths.join('|'), read: (fields, text) => (fields.month = monthOf(text)) },
  B: { pattern: monthNames.join('|'), read: (fields, text) => (fields.month = monthOf(text)) },
  z: { pattern: String.raw`Z|[+-]\d\d:?\d\d|[+-]\d\d|[a-z_]+(?:/[a-z_]+)*`, read: readZone },
  Z: {
    pattern: String.raw`[+-]\d{1,4}`,
    read: (fields, text) => (fields.zone = { offsetMs: () => Number(text) * 60_000 }),
  },
} satisfies Record<string, Reader>

const isReader = (character: string): character is keyof typeof readers => Object.hasOwn(readers, character)

function readZone(fields: Fields, text: string): void {
  fields.zone = timeZoneOf(text.toUpperCase() === 'Z' ? 'UTC' : text)
}

/** 1 … 12 of a name or its beginning; 0 of another word. */
const monthOf = (word: string): number =>
  monthNames.findIndex(name => word.length >= 3 && name.toLowerCase().startsWith(word.toLowerCase())) + 1

const weekdays = String.raw`(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?`
const dates: readonly [pattern: RegExp, names: readonly ('year' | 'month' | 'day' | 'word')[]][] = [
  [/^(\d{4})-(\d{1,2})-(\d{1,2})/, ['year', 'month', 'day']],
  [/^(\d{4})\/(\d{1,2})\/(\d{1,2})/, ['year', 'month', 'day']],
  [/^(\d{4})(\d\d)(\d\d)(?!\d)/, ['year', 'month', 'day']],
  [/^(\d{1,2})\/(\d{1,2})\/(\d{4})/, ['month', 'day', 'year']],
  [
    new RegExp(`^${weekdays}(\\d{1,2})(?:st|nd|rd|th)?[ .-]+([a-z]{3,9})\\.?[ .,-]+(\\d{4})`, 'i'),
    ['day', 'word', 'year'],
  ],
  [
    new RegExp(`^${weekdays}([a-z]{3,9})\\.?[ -]+(\\d{1,2})(?:st|nd|rd|th)?[ ,-]+(\\d{4})`, 'i'),
    ['word', 'day', 'year'],
  ],
]
const time = /^(?:T|\s+|$)(?:(\d{1,2})(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(?:\s*([ap])\.?m\.?(?![a-z]))?)?/i
const zoneAtEnd = /^\s*(Z|[+-]\d\d:?\d\d|[+-]\d\d|[a-z_]+(?:\/[a-z_]+)*)?$/i

function readFreely(text: string): Fields {
  const trimmed = text.trim()
  for (const [pattern, names] of dates) {
    const match = pattern.exec(trimmed)
    if (match === null) continue
    const fields: Fields = {}
    for (const [index, name] of names.entries()) {
      const found = match[index + 1] as string
      if (name === 'word') fields.month = monthOf(found)
      else fields[name] = Number(found)
    }
    readTime(fields, trimmed.slice(match[0].length), text)
    return fields
  }
  throw failure(text, 'an incomplete date/time string has been found, or one of an unknown form')
}

function readTime(fields: Fields, rest: string, text: string): void {
  const match = time.exec(rest)
  const [all, hours, minutes, seconds, fraction, half] = match ?? ['']
  if (hours !== undefined) {
    const hour = Number(hours)
    if (half !== undefined && (hour < 1 || hour > 12)) throw failure(text, 'an hour of twelve is between 1 and 12')
    fields.hour = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
    if (minutes === undefined && half === undefined) throw failure(text, 'an hour without minutes')
    fields.minute = Number(minutes ?? 0)
    fields.second = Number(seconds ?? 0)
    fields.millisecond = Math.trunc(Number(`0.${fraction ?? 0}`) * 1000 + 1e-6)
  }
  const zone = zoneAtEnd.exec(rest.slice((all as string).length))
  if (zone === null) throw failure(text, 'unexpected characters at its end')
  if (zone[1] === undefined) return
  try {
    readZone(fields, zone[1])
  } catch (cause) {
    throw failure(text, `no time zone is called '${zone[1]}'`, cause)
  }
}

function momentOf(text: string, fields: Fields, zone: TimeZone | undefined): number {
  if (fields.zone && zone) {
    throw failure(
      text,
      'you cannot pass in a date/time string with time zone information together with a timezone argument',
    )
  }
  const { hour = 0, minute = 0, second = 0, millisecond = 0 } = fields
  if (hour > 24 || minute > 59 || second > 59) throw failure(text, 'the time is not on the clock')
  const local = daysOf(text, fields) * dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond
  return toUtc(fields.zone ?? zone ?? timeZoneOf('UTC'), local)
}

function daysOf(text: string, { year, month, day, isoYear, isoWeek, weekday = 1, dayOfYear }: Fields): number {
  if (isoYear !== undefined && isoWeek !== undefined) return daysFromIsoWeek(isoYear, isoWeek, weekday)
  if (year !== undefined && dayOfYear !== undefined) return daysFromCivil(year, 1, dayOfYear)
  if (year === undefined || month === undefined || day === undefined) {
    throw failure(text, 'an incomplete date/time string has been found, with elements missing')
  }
  if (month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) {
    throw failure(text, 'the day is not in the calendar')
  }
  return daysFromCivil(year, month, day)
}

const failure = (text: string, why: string, cause?: unknown): CommandError =>
  new CommandError('ConversionFailure', `Error parsing date string '${text}'; ${why}`, { cause })
