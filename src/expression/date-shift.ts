/** $dateAdd and $dateSubtract. */
import { CommandError } from '../base/errors.ts'
import { dateValue, nullValue } from '../bson/encode.ts'
import { toExactInteger } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { isNullish, typeName } from '../bson/value.ts'
import { compileNamed } from './arguments.ts'
import { addUnits, parseUnit } from './date-units.ts'
import { findDateMs } from './dates.ts'
import type { ExpressionOperator } from './operator.ts'
import { compileTimeZone } from './time-zones.ts'

const missing = 'Location5166402'
const amountMax = 2n ** 53n
/** The last date that its 64 bits can say, in milliseconds. */
const dateMsEnd = 2 ** 63

/** An operator that moves a date by units of the calendar: later for `sign` 1, earlier for −1. */
export function dateShift(name: string, sign: 1 | -1): ExpressionOperator {
  const shape = {
    operator: name,
    required: { startDate: missing, unit: missing, amount: missing },
    optional: ['timezone'],
    notObject: 'Location5166400',
    unknown: 'Location5166401',
  } as const
  return {
    name,
    compile(argument, helpers) {
      const named = compileNamed(argument, shape, helpers)
      const findZone = compileTimeZone(named.timezone)
      return (document, variables) => {
        const start = named.startDate(document, variables)
        const unit = named.unit(document, variables)
        const amount = named.amount(document, variables)
        const zone = findZone(document, variables)
        if (start === undefined || unit === undefined || amount === undefined || zone === undefined) return nullValue
        if (isNullish(start) || isNullish(unit) || isNullish(amount)) return nullValue
        const startMs = findDateMs(start)
        if (startMs === undefined) {
          throw new CommandError(
            'Location5166403',
            `${name} requires startDate to be convertible to a date, but got ${typeName(start)}`,
          )
        }
        const count = toExactInteger(amount)
        if (count === undefined) {
          throw new CommandError('Location5166405', `${name} expects integer amount of time units`)
        }
        if (count > amountMax || count < -amountMax) {
          throw new CommandError('Location5976500', `invalid ${name} 'amount' parameter value: ${show(amount)}`)
        }
        const moved = addUnits(startMs, sign * Number(count), parseUnit(name, unit), zone)
        if (!(Math.abs(moved) < dateMsEnd)) throw new CommandError('Location5166406', `${name} overflowed`)
        return dateValue(moved)
      }
    },
  }
}
