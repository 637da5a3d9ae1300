/** $dateFromString: the date that a text says, after a format or freely. */
import { CommandError } from '../../base/errors.ts'
import { dateValue, nullValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, isString, toText, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { type ParseDate, compileDateParser, parseDate } from '../date-parse.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileTimeZone } from '../time-zones.ts'

const shape = {
  operator: '$dateFromString',
  required: { dateString: 'Location40542' },
  optional: ['format', 'timezone', 'onError', 'onNull'],
  notObject: 'Location40540',
  unknown: 'Location40541',
} as const

export const operator: ExpressionOperator = {
  name: '$dateFromString',
  compile(argument, helpers) {
    const { dateString, format, timezone, onError, onNull } = compileNamed(argument, shape, helpers)
    const findZone = compileTimeZone(timezone)
    const constant = format === undefined ? parseDate : format.constant && parserOf(format.constant.value)
    return (document, variables) => {
      const parse = constant ?? (format === undefined ? undefined : parserOf(format(document, variables)))
      const text = dateString(document, variables)
      const zone = findZone(document, variables)
      if (text === undefined || isNullish(text)) return onNull === undefined ? nullValue : onNull(document, variables)
      if (parse === undefined || zone === undefined) return nullValue
      try {
        return dateValue(parse(requireText(text), timezone && zone))
      } catch (error) {
        const isBadDate = error instanceof CommandError && error.codeName === 'ConversionFailure'
        if (isBadDate && onError) return onError(document, variables)
        throw error
      }
    }
  },
}

function requireText(value: Value): string {
  if (isString(value)) return toText(value)
  throw new CommandError(
    'ConversionFailure',
    `$dateFromString requires that 'dateString' be a string, found: ${typeName(value)} with value ${show(value)}`,
  )
}

function parserOf(value: Value | undefined): ParseDate | undefined {
  if (isNullish(value)) return undefined
  if (isString(value)) return compileDateParser(toText(value))
  throw new CommandError(
    'Location40684',
    `$dateFromString requires that 'format' be a string, found: ${typeName(value)} with value ${show(value)}`,
  )
}
