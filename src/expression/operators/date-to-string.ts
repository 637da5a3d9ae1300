/** $dateToString: a date as text, after a format. */
import { CommandError } from '../../base/errors.ts'
import { nullValue, stringValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, isString, toText, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { type FormatDate, compileDateFormat, isoFormatLocal, isoFormatUtc } from '../date-format.ts'
import { requireDateMs } from '../dates.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileTimeZone, utc } from '../time-zones.ts'

const shape = {
  operator: '$dateToString',
  required: { date: 'Location18628' },
  optional: ['format', 'timezone', 'onNull'],
  notObject: 'Location18629',
  unknown: 'Location18534',
} as const

const formatUtc = compileDateFormat(isoFormatUtc)
const formatLocal = compileDateFormat(isoFormatLocal)
const defaultFormat: FormatDate = (ms, zone) => (zone === utc ? formatUtc : formatLocal)(ms, zone)

export const operator: ExpressionOperator = {
  name: '$dateToString',
  compile(argument, helpers) {
    const { date, format, timezone, onNull } = compileNamed(argument, shape, helpers)
    const findZone = compileTimeZone(timezone)
    const constant = format === undefined ? defaultFormat : format.constant && parseFormat(format.constant.value)
    return (document, variables) => {
      const write = constant ?? (format === undefined ? undefined : parseFormat(format(document, variables)))
      const value = date(document, variables)
      const zone = findZone(document, variables)
      if (value === undefined || isNullish(value)) return onNull === undefined ? nullValue : onNull(document, variables)
      if (write === undefined || zone === undefined) return nullValue
      return stringValue(write(requireDateMs(value), zone))
    }
  },
}

function parseFormat(value: Value | undefined): FormatDate | undefined {
  if (isNullish(value)) return undefined
  if (isString(value)) return compileDateFormat(toText(value))
  throw new CommandError(
    'Location18533',
    `$dateToString requires that 'format' be a string, found: ${typeName(value)} with value ${show(value)}`,
  )
}
