/** $dateTrunc: the beginning of the unit, or of the bin of several units, that a date is in. */
import { CommandError } from '../../base/errors.ts'
import { dateValue, nullValue } from '../../bson/encode.ts'
import { toExactInteger } from '../../bson/number.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { parseUnit, parseWeekday, truncateToUnits } from '../date-units.ts'
import { requireDateMs } from '../dates.ts'
import { type ExpressionOperator, constantly } from '../operator.ts'
import { compileTimeZone } from '../time-zones.ts'
import { int32Value } from '../../bson/encode.ts'

const shape = {
  operator: '$dateTrunc',
  required: { date: 'Location5439009', unit: 'Location5439010' },
  optional: ['binSize', 'timezone', 'startOfWeek'],
  notObject: 'Location5439007',
  unknown: 'Location5439008',
} as const

const one = constantly(int32Value(1))

export const operator: ExpressionOperator = {
  name: '$dateTrunc',
  compile(argument, helpers) {
    const named = compileNamed(argument, shape, helpers)
    const findZone = compileTimeZone(named.timezone)
    const { binSize = one } = named
    return (document, variables) => {
      const date = named.date(document, variables)
      const unitValue = named.unit(document, variables)
      const size = binSize(document, variables)
      const zone = findZone(document, variables)
      if (date === undefined || unitValue === undefined || size === undefined || zone === undefined) return nullValue
      if (isNullish(date) || isNullish(unitValue) || isNullish(size)) return nullValue
      const unit = parseUnit('$dateTrunc', unitValue)
      const first = unit === 'week' ? named.startOfWeek?.(document, variables) : undefined
      if (unit === 'week' && named.startOfWeek && isNullish(first)) return nullValue
      const startOfWeek = first === undefined ? 0 : parseWeekday('$dateTrunc', first)
      return dateValue(truncateToUnits(requireDateMs(date), requireSize(size), { unit, zone, startOfWeek }))
    }
  },
}

function requireSize(value: Value): number {
  const size = toExactInteger(value)
  if (size === undefined) {
    throw new CommandError(
      'Location5439017',
      `$dateTrunc requires 'binSize' to be a 64-bit integer, but got value '${show(value)}' of type ${typeName(value)}`,
    )
  }
  if (size <= 0n) {
    throw new CommandError(
      'Location5439018',
      `$dateTrunc requires 'binSize' to be greater than 0, but got value ${show(value)}`,
    )
  }
  return Number(size)
}
