/** $dateFromParts: a date of its year, month, day …, or of its ISO year, week, weekday …; parts out of range count on. */
import { type CodeName, CommandError } from '../../base/errors.ts'
import { dateValue, nullValue } from '../../bson/encode.ts'
import { toExactInteger } from '../../bson/number.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { dayMs, daysFromCivil, daysFromIsoWeek } from '../calendar.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileTimeZone, toUtc } from '../time-zones.ts'

const civilNames = ['year', 'month', 'day'] as const
const isoNames = ['isoWeekYear', 'isoWeek', 'isoDayOfWeek'] as const
const timeNames = ['hour', 'minute', 'second', 'millisecond'] as const

const shape = {
  operator: '$dateFromParts',
  required: {},
  optional: [...civilNames, ...isoNames, ...timeNames, 'timezone'],
  notObject: 'Location40519',
  unknown: 'Location40518',
} as const

export const operator: ExpressionOperator = {
  name: '$dateFromParts',
  compile(argument, helpers) {
    const named = compileNamed(argument, shape, helpers)
    if (!named.year && !named.isoWeekYear) {
      throw new CommandError('Location40516', "$dateFromParts requires either 'year' or 'isoWeekYear' to be present")
    }
    const isIso = named.isoWeekYear !== undefined
    if (isIso && civilNames.some(name => named[name])) {
      throw new CommandError('Location40489', '$dateFromParts does not allow mixing natural dates with ISO dates')
    }
    if (!isIso && isoNames.some(name => named[name])) {
      throw new CommandError('Location40525', '$dateFromParts does not allow mixing ISO dates with natural dates')
    }
    const findZone = compileTimeZone(named.timezone)
    const names = [...(isIso ? isoNames : civilNames), ...timeNames]
    return (document, variables) => {
      const parts: number[] = []
      for (const [index, name] of names.entries()) {
        const operand = named[name]
        if (operand === undefined) {
          parts.push(index < 3 ? 1 : 0)
          continue
        }
        const value = operand(document, variables)
        if (value === undefined || isNullish(value)) return nullValue
        parts.push(requirePart(name, value))
      }
      const zone = findZone(document, variables)
      if (zone === undefined) return nullValue
      const [a, b, c, hour, minute, second, millisecond] = parts as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      const days = isIso ? daysFromIsoWeek(a, b, c) : daysFromCivil(a, b, c)
      const time = hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond
      return dateValue(toUtc(zone, days * dayMs + time))
    }
  },
}

function requirePart(name: string, value: Value): number {
  const integer = toExactInteger(value)
  if (integer === undefined) {
    throw new CommandError(
      'Location40515',
      `'${name}' must evaluate to an integer, found ${typeName(value)} with value ${show(value)}`,
    )
  }
  const part = Number(integer)
  if (name === 'year') requireRange(name, part, [1, 9999], 'Location40523')
  else if (name === 'isoWeekYear') requireRange(name, part, [1, 9999], 'Location31095')
  else if (name !== 'second' && name !== 'millisecond') requireRange(name, part, [-32_768, 32_767], 'Location31034')
  return part
}

function requireRange(name: string, part: number, [min, max]: readonly [number, number], code: CodeName): void {
  if (part >= min && part <= max) return
  throw new CommandError(
    code,
    `'${name}' must evaluate to a value in the range [${min}, ${max}]; value ${part} is not in range`,
  )
}
