/**
 * Time zones: names of the IANA database (`Europe/Paris`), and offsets (`+05:30`, `-0800`, `+02`).
 *
 * The rules come from Intl, whose formatter is far too slow to be asked for every document. A zone therefore keeps the offset
 * of whole weeks: when it is the same at both ends of a week it is taken to be the same all through it.
 */
import { CommandError } from '../base/errors.ts'
import type { Value } from '../bson/value.ts'
import { isNullish, isString, toText, typeName } from '../bson/value.ts'
import type { Variables } from './variables.ts'
import type { Evaluate } from './operator.ts'

export interface TimeZone {
  /** What local time is ahead of UTC, in milliseconds, at a moment of UTC. */
  offsetMs(utcMs: number): number
}

const fixedOffset = (offsetMs: number): TimeZone => ({ offsetMs: () => offsetMs })

export const utc: TimeZone = fixedOffset(0)

/** The local time at a moment; see calendar.ts. */
export const toLocal = (zone: TimeZone, utcMs: number): number => utcMs + zone.offsetMs(utcMs)

/**
 * The moment at which a clock in the zone shows a local time. Of two, the first; where the clock skips over it, the moment that
 * is as long after the skip as the local time is after the skip's beginning.
 */
export function toUtc(zone: TimeZone, localMs: number): number {
  const before = zone.offsetMs(localMs - 86_400_000)
  const after = zone.offsetMs(localMs + 86_400_000)
  if (before === after) return localMs - before
  const early = localMs - before
  if (zone.offsetMs(early) === before) return early
  const late = localMs - after
  return zone.offsetMs(late) === after ? late : early
}

const zonesMax = 1000
// Named zones by name, the one made first at the front.
const zones = new Map<string, TimeZone>([
  ['UTC', utc],
  ['GMT', utc],
])

/** The zone called `name`. @throws CommandError 40485 for one that nobody knows. */
export function timeZoneOf(name: string): TimeZone {
  const known = zones.get(name)
  if (known) return known
  const zone = parseOffset(name) ?? namedZone(name)
  if (zones.size >= zonesMax) {
    const [oldest] = zones.keys()
    if (oldest !== undefined) zones.delete(oldest)
  }
  zones.set(name, zone)
  return zone
}

function parseOffset(text: string): TimeZone | undefined {
  const match = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, hours, minutes = '0'] = match
  return fixedOffset((sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000)
}

const weekMs = 7 * 86_400_000
const weeksMax = 10_000
/** What Intl's dates reach to, less a week. */
const endMs = 8.64e15 - weekMs

function namedZone(name: string): TimeZone {
  let formatter: Intl.DateTimeFormat
  try {
    formatter = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch (cause) {
    throw new CommandError('Location40485', `unrecognized time zone identifier: "${name}"`, { cause })
  }
  const ask = (utcMs: number): number => {
    const shown = formatter.format(Math.max(-endMs, Math.min(endMs, utcMs)))
    const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(shown)
    if (match === null) return 0
    const [, sign, hours, minutes, seconds = '0'] = match
    const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
    return sign === '-' ? -offset : offset
  }
  // Week → its offset, or NaN for one in which the offset changes.
  const weeks = new Map<number, number>()
  return {
    offsetMs(utcMs) {
      const week = Math.floor(utcMs / weekMs)
      let offset = weeks.get(week)
      if (offset === undefined) {
        const start = ask(week * weekMs)
        offset = start === ask((week + 1) * weekMs) ? start : NaN
        if (weeks.size >= weeksMax) weeks.clear()
        weeks.set(week, offset)
      }
      return Number.isNaN(offset) ? ask(utcMs) : offset
    },
  }
}

/** The zone that a `timezone` argument names, UTC when there is none; undefined when it is null or missing. */
export type FindZone = (document: Value, variables: Variables) => TimeZone | undefined

/** @throws CommandError 40485 at once for a constant argument that nobody knows. */
export function compileTimeZone(timezone: Evaluate | undefined): FindZone {
  if (timezone === undefined) return () => utc
  if (timezone.constant) {
    const zone = zoneOf(timezone.constant.value)
    return () => zone
  }
  return (document, variables) => zoneOf(timezone(document, variables))
}

function zoneOf(value: Value | undefined): TimeZone | undefined {
  if (isNullish(value)) return undefined
  if (!isString(value)) {
    throw new CommandError('Location40517', `timezone must evaluate to a string, found ${typeName(value)}`)
  }
  return timeZoneOf(toText(value))
}
