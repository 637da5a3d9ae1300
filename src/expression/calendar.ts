/**
 * The Gregorian calendar, reckoned on numbers: a "local" time is milliseconds since 1970 as if the clock on the wall had
 * always shown UTC. Exact for every millisecond that a JavaScript number holds; years before the calendar's invention are
 * reckoned as if it had been there.
 */

export const dayMs = 86_400_000

export interface Civil {
  readonly year: number
  /** 1 … 12. */
  readonly month: number
  /** 1 … 31. */
  readonly day: number
}

/** The day's number, 1970-01-01 being 0. A month or day out of its range counts on from the year's beginning. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const months = year * 12 + (month - 1)
  const y = Math.floor(months / 12)
  const m = months - y * 12 + 1
  // Years that begin in March have the leap day at their end; 146097 days are four centuries.
  const shifted = m <= 2 ? y - 1 : y
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (m + (m > 2 ? -3 : 9)) + 2) / 5)
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468 + (day - 1)
}

export function civilFromDays(days: number): Civil {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

/** How many days the month has; a month out of 1 … 12 counts on from the year's beginning. */
export const monthDays = (year: number, month: number): number =>
  daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1)

export const dayOf = (localMs: number): number => Math.floor(localMs / dayMs)
/** Milliseconds since midnight. */
export const timeOf = (localMs: number): number => localMs - dayOf(localMs) * dayMs
export const civilOf = (localMs: number): Civil => civilFromDays(dayOf(localMs))

// 1970-01-01 was a Thursday.
const modulo = (a: number, b: number): number => a - Math.floor(a / b) * b
/** 0 for Sunday … 6 for Saturday. */
export const weekdayOf = (days: number): number => modulo(days + 4, 7)

// What the date operators of one part give, of a local time.

export const year = (localMs: number): number => civilOf(localMs).year
export const month = (localMs: number): number => civilOf(localMs).month
export const dayOfMonth = (localMs: number): number => civilOf(localMs).day
export const hour = (localMs: number): number => Math.floor(timeOf(localMs) / 3_600_000)
export const minute = (localMs: number): number => Math.floor(timeOf(localMs) / 60_000) % 60
export const second = (localMs: number): number => Math.floor(timeOf(localMs) / 1000) % 60
export const millisecond = (localMs: number): number => timeOf(localMs) % 1000
/** 1 for Sunday … 7 for Saturday. */
export const dayOfWeek = (localMs: number): number => weekdayOf(dayOf(localMs)) + 1
/** 1 for Monday … 7 for Sunday. */
export const isoDayOfWeek = (localMs: number): number => weekdayOf(dayOf(localMs) - 1) + 1
/** 1 … 366. */
export const dayOfYear = (localMs: number): number => dayOf(localMs) - daysFromCivil(year(localMs), 1, 1) + 1
/** 0 … 53: weeks begin on Sunday, and the days before the year's first Sunday are in week 0. */
export const week = (localMs: number): number => Math.floor((dayOfYear(localMs) + 7 - dayOfWeek(localMs)) / 7)
/** The year that the Thursday of the same week (Monday to Sunday) is in. */
export const isoWeekYear = (localMs: number): number => civilFromDays(thursdayOf(localMs)).year
/** 1 … 53: week 1 has the year's first Thursday. */
export const isoWeek = (localMs: number): number =>
  Math.floor((thursdayOf(localMs) - daysFromCivil(isoWeekYear(localMs), 1, 1)) / 7) + 1

const thursdayOf = (localMs: number): number => dayOf(localMs) - isoDayOfWeek(localMs) + 4

/** The day's number of a day in an ISO week; a week or weekday out of its range counts on. */
export function daysFromIsoWeek(isoYear: number, weekNumber: number, weekday: number): number {
  const january4 = daysFromCivil(isoYear, 1, 4)
  const monday = january4 - weekdayOf(january4 - 1)
  return monday + (weekNumber - 1) * 7 + weekday - 1
}
