/** $dateDiff: how many boundaries between units lie between two dates, a long. */
import { CommandError } from '../../base/errors.ts'
import { int64Value, nullValue } from '../../bson/encode.ts'
import { type Value, isNullish, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { countUnits, parseUnit, parseWeekday } from '../date-units.ts'
import { findDateMs } from '../dates.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileTimeZone } from '../time-zones.ts'

const shape = {
  operator: '$dateDiff',
  required: { startDate: 'Location5166303', endDate: 'Location5166304', unit: 'Location5166305' },
  optional: ['timezone', 'startOfWeek'],
  notObject: 'Location5166301',
  unknown: 'Location5166302',
} as const

export const operator: ExpressionOperator = {
  name: '$dateDiff',
  compile(argument, helpers) {
    const named = compileNamed(argument, shape, helpers)
    const findZone = compileTimeZone(named.timezone)
    return (document, variables) => {
      const start = named.startDate(document, variables)
      const end = named.endDate(document, variables)
      const unitValue = named.unit(document, variables)
      const zone = findZone(document, variables)
      if (start === undefined || end === undefined || unitValue === undefined || zone === undefined) return nullValue
      if (isNullish(start) || isNullish(end) || isNullish(unitValue)) return nullValue
      const unit = parseUnit('$dateDiff', unitValue)
      const first = unit === 'week' ? named.startOfWeek?.(document, variables) : undefined
      if (unit === 'week' && named.startOfWeek && isNullish(first)) return nullValue
      const startOfWeek = first === undefined ? 0 : parseWeekday('$dateDiff', first)
      const count = countUnits(moment('startDate', start), moment('endDate', end), { unit, zone, startOfWeek })
      return int64Value(BigInt(count))
    }
  },
}

function moment(name: string, value: Value): number {
  const ms = findDateMs(value)
  if (ms !== undefined) return ms
  throw new CommandError('Location5166307', `$dateDiff requires '${name}' to be a date, but got ${typeName(value)}`)
}
