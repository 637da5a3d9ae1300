/** Reckoning with years, months … milliseconds, in a time zone. */
import { CommandError } from '../base/errors.ts'
import { dayMs, dayOf, daysFromCivil, civilFromDays, monthDays, timeOf, weekdayOf } from './calendar.ts'
import { show } from '../bson/show.ts'
import { type Value, isString, toText, typeName } from '../bson/value.ts'
import { type TimeZone, toLocal, toUtc } from './time-zones.ts'

const units = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
export type Unit = (typeof units)[number]

/** @throws CommandError 5439013 for what is no text, FailedToParse for an unknown unit. */
export function parseUnit(name: string, value: Value): Unit {
  if (!isString(value)) {
    throw new CommandError('Location5439013', `${name} requires 'unit' to be a string, but got ${typeName(value)}`)
  }
  const text = toText(value)
  const unit = units.find(known => known === text)
  if (unit === undefined) throw new CommandError('FailedToParse', `unknown time unit value: ${text}`)
  return unit
}

const weekdayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** 0 for Sunday … 6, of a name or its first three letters. @throws CommandError 5439015, 5439016. */
export function parseWeekday(name: string, value: Value): number {
  if (!isString(value)) {
    throw new CommandError(
      'Location5439015',
      `${name} requires 'startOfWeek' to be a string, but got ${typeName(value)}`,
    )
  }
  const text = toText(value).toLowerCase()
  const weekday = weekdayNames.findIndex(known => known === text || known.slice(0, 3) === text)
  if (weekday !== -1) return weekday
  throw new CommandError(
    'Location5439016',
    `${name} parameter 'startOfWeek' value cannot be recognized as a day of a week: ${show(value)}`,
  )
}

/** Months in a unit of months, days in one of days, milliseconds in the others. */
const sizes: Readonly<Record<Unit, { readonly of: 'month' | 'day' | 'ms'; readonly size: number }>> = {
  year: { of: 'month', size: 12 },
  quarter: { of: 'month', size: 3 },
  month: { of: 'month', size: 1 },
  week: { of: 'day', size: 7 },
  day: { of: 'day', size: 1 },
  hour: { of: 'ms', size: 3_600_000 },
  minute: { of: 'ms', size: 60_000 },
  second: { of: 'ms', size: 1000 },
  millisecond: { of: 'ms', size: 1 },
}

/** `utcMs` moved by `amount` units. A month that is too short for the day gives its last day. */
export function addUnits(utcMs: number, amount: number, unit: Unit, zone: TimeZone): number {
  const { of, size } = sizes[unit]
  if (of === 'ms') return utcMs + amount * size
  const localMs = toLocal(zone, utcMs)
  const days = dayOf(localMs)
  let target: number
  if (of === 'day') target = days + amount * size
  else {
    const { year, month, day } = civilFromDays(days)
    const moved = month + amount * size
    target = daysFromCivil(year, moved, Math.min(day, monthDays(year, moved)))
  }
  return toUtc(zone, target * dayMs + timeOf(localMs))
}

export interface Units {
  readonly unit: Unit
  readonly zone: TimeZone
  /** 0 for Sunday … 6. */
  readonly startOfWeek: number
}

/** How many boundaries between units lie between two moments; negative when the second is the earlier one. */
export function countUnits(startMs: number, endMs: number, { unit, zone, startOfWeek }: Units): number {
  const start = toLocal(zone, startMs)
  const end = toLocal(zone, endMs)
  const { of, size } = sizes[unit]
  if (of === 'month') return Math.floor(monthsOf(end) / size) - Math.floor(monthsOf(start) / size)
  if (unit === 'day') return dayOf(end) - dayOf(start)
  if (unit === 'week') return weekOf(end, startOfWeek) - weekOf(start, startOfWeek)
  if (unit !== 'hour') return Math.floor(endMs / size) - Math.floor(startMs / size)
  // Hours begin where the clock on the wall says so, but an hour that it leaves out or repeats counts as it passed.
  const shifted = Math.trunc((end - endMs - (start - startMs)) / size)
  return Math.floor(end / size) - Math.floor(start / size) - shifted
}

const monthsOf = (localMs: number): number => {
  const { year, month } = civilFromDays(dayOf(localMs))
  return year * 12 + month - 1
}

const weekOf = (localMs: number, startOfWeek: number): number => Math.floor((dayOf(localMs) + 4 - startOfWeek) / 7)

// 2000-01-01, a Saturday: bins of several units are counted from there.
const referenceDays = daysFromCivil(2000, 1, 1)

/** The beginning of the bin of `binSize` units that the moment is in. */
export function truncateToUnits(utcMs: number, binSize: number, { unit, zone, startOfWeek }: Units): number {
  const { of, size } = sizes[unit]
  const localMs = toLocal(zone, utcMs)
  const bin = size * binSize
  if (of === 'month') {
    const months = floorTo(monthsOf(localMs), bin, 2000 * 12)
    return toUtc(zone, daysFromCivil(0, months + 1, 1) * dayMs)
  }
  if (of === 'day') {
    const reference =
      unit === 'day' ? referenceDays : referenceDays + ((startOfWeek + 7 - weekdayOf(referenceDays)) % 7)
    return toUtc(zone, floorTo(dayOf(localMs), bin, reference) * dayMs)
  }
  return floorTo(localMs, bin, referenceDays * dayMs) - (localMs - utcMs)
}

const floorTo = (value: number, step: number, reference: number): number =>
  Math.floor((value - reference) / step) * step + reference
