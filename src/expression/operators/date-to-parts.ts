/** $dateToParts: a document of a date's year, month, day …, or of its ISO year, week, weekday … */
import { CommandError } from '../../base/errors.ts'
import { documentValue, isNullish, toBool, BsonType, typeName } from '../../bson/value.ts'
import { encodeDocument, nullValue } from '../../bson/encode.ts'
import { compileNamed } from '../arguments.ts'
import * as calendar from '../calendar.ts'
import { requireDateMs } from '../dates.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileTimeZone, toLocal } from '../time-zones.ts'

const shape = {
  operator: '$dateToParts',
  required: { date: 'Location40522' },
  optional: ['timezone', 'iso8601'],
  notObject: 'Location40524',
  unknown: 'Location40520',
} as const

export const operator: ExpressionOperator = {
  name: '$dateToParts',
  compile(argument, helpers) {
    const named = compileNamed(argument, shape, helpers)
    const findZone = compileTimeZone(named.timezone)
    return (document, variables) => {
      const date = named.date(document, variables)
      const zone = findZone(document, variables)
      const iso = named.iso8601?.(document, variables)
      if (date === undefined || isNullish(date) || zone === undefined) return nullValue
      if (named.iso8601 && isNullish(iso)) return nullValue
      if (iso !== undefined && iso.type !== BsonType.bool) {
        throw new CommandError('Location40521', `iso8601 must evaluate to a bool, found ${typeName(iso)}`)
      }
      const local = toLocal(zone, requireDateMs(date))
      const { year, month, day } = calendar.civilOf(local)
      const isIso = iso !== undefined && toBool(iso)
      const { isoWeekYear, isoWeek, isoDayOfWeek, hour, minute, second, millisecond } = calendar
      return documentValue(
        encodeDocument({
          ...(isIso
            ? { isoWeekYear: isoWeekYear(local), isoWeek: isoWeek(local), isoDayOfWeek: isoDayOfWeek(local) }
            : { year, month, day }),
          hour: hour(local),
          minute: minute(local),
          second: second(local),
          millisecond: millisecond(local),
        }),
      )
    }
  },
}
