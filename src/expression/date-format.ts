/** Dates as text after a format: `%Y-%m-%d`. */
import { CommandError } from '../base/errors.ts'
import * as calendar from './calendar.ts'
import { toLocal, type TimeZone } from './time-zones.ts'

export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** What the server writes when no format is given, in UTC and elsewhere. */
export const isoFormatUtc = '%Y-%m-%dT%H:%M:%S.%LZ'
export const isoFormatLocal = '%Y-%m-%dT%H:%M:%S.%L'

const pad = (value: number, width: number): string => String(value).padStart(width, '0')
const monthName = (localMs: number): string => monthNames[calendar.month(localMs) - 1] as string

type Piece = (localMs: number, offsetMs: number) => string

const pieces: Readonly<Record<string, Piece>> = {
  '%': () => '%',
  b: localMs => monthName(localMs).slice(0, 3),
  B: monthName,
  d: localMs => pad(calendar.dayOfMonth(localMs), 2),
  G: localMs => year4(calendar.isoWeekYear(localMs)),
  H: localMs => pad(calendar.hour(localMs), 2),
  j: localMs => pad(calendar.dayOfYear(localMs), 3),
  L: localMs => pad(calendar.millisecond(localMs), 3),
  m: localMs => pad(calendar.month(localMs), 2),
  M: localMs => pad(calendar.minute(localMs), 2),
  S: localMs => pad(calendar.second(localMs), 2),
  u: localMs => String(calendar.isoDayOfWeek(localMs)),
  U: localMs => pad(calendar.week(localMs), 2),
  V: localMs => pad(calendar.isoWeek(localMs), 2),
  w: localMs => String(calendar.dayOfWeek(localMs)),
  Y: localMs => year4(calendar.year(localMs)),
  z: (_, offsetMs) => {
    const minutes = Math.abs(Math.trunc(offsetMs / 60_000))
    return `${offsetMs < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`
  },
  Z: (_, offsetMs) => {
    const minutes = Math.trunc(offsetMs / 60_000)
    return `${minutes < 0 ? '' : '+'}${minutes}`
  },
}

function year4(year: number): string {
  if (year < 0 || year > 9999) {
    throw new CommandError(
      'Location18537',
      `Could not convert date to string: date component was outside the supported range of 0-9999: ${year}`,
    )
  }
  return pad(year, 4)
}

export type FormatDate = (utcMs: number, zone: TimeZone) => string

/** @throws CommandError 18535, 18536 for a format that is none. */
export function compileDateFormat(format: string): FormatDate {
  const parts: (string | Piece)[] = []
  for (const [text, character] of format.matchAll(/%(.?)|[^%]+/gsu)) {
    if (character === undefined) parts.push(text)
    else if (character === '') throw new CommandError('Location18535', "Unmatched '%' at end of format string")
    else {
      const piece = Object.hasOwn(pieces, character) ? pieces[character] : undefined
      if (piece === undefined) {
        throw new CommandError('Location18536', `Invalid format character '%${character}' in format string`)
      }
      parts.push(piece)
    }
  }
  return (utcMs, zone) => {
    const localMs = toLocal(zone, utcMs)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(localMs, localMs - utcMs)
    return text
  }
}

/** `2024-05-06T07:08:09.010Z`. @throws CommandError 18537 for a year that has not four digits. */
export const isoText: (utcMs: number) => string = (
  format => (utcMs: number) =>
    format(utcMs, { offsetMs: () => 0 })
)(compileDateFormat(isoFormatUtc))
