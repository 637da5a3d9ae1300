/** Dates as operands: what can be taken for one, and the operators that give one part of it. */
import { CommandError } from '../base/errors.ts'
import { dateValue, int32Value, nullValue } from '../bson/encode.ts'
import { toExactInteger, toNearestDouble } from '../bson/number.ts'
import { elementsOf, hasOperators, itemsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import {
  BsonType,
  type Value,
  isArray,
  isDocument,
  isNullish,
  toDateMs,
  toInt64,
  toTimestampParts,
  typeName,
} from '../bson/value.ts'
import type { CompileHelpers, Evaluate, ExpressionOperator } from './operator.ts'
import { compileTimeZone, toLocal } from './time-zones.ts'

/** Milliseconds since 1970 of a date, of an ObjectId's or a timestamp's seconds; undefined for other types. */
export function findDateMs(value: Value): number | undefined {
  switch (value.type) {
    case BsonType.date:
      return toDateMs(value)
    case BsonType.timestamp:
      return toTimestampParts(value).seconds * 1000
    case BsonType.objectId:
      return objectIdSeconds(value) * 1000
    default:
      return undefined
  }
}

/** When an ObjectId was made: its first four bytes, the highest first. */
const objectIdSeconds = ({ bytes, start }: Value): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, 4).readUInt32BE()

/** As `findDateMs`. @throws CommandError 16006 for other types. */
export function requireDateMs(value: Value): number {
  const ms = findDateMs(value)
  if (ms === undefined)
    throw new CommandError('Location16006', `can't convert from BSON type ${typeName(value)} to Date`)
  return ms
}

/**
 * `date` moved by a number of milliseconds: later for `sign` 1, earlier for −1. A fraction is rounded, halves away from zero.
 *
 * @throws CommandError Overflow when there is no such date.
 */
export function movedDate(name: string, date: Value, by: Value, sign: 1 | -1): Value {
  const moved = toInt64(date) + BigInt(sign) * (toExactInteger(by) ?? roundedMs(name, toNearestDouble(by)))
  if (BigInt.asIntN(64, moved) !== moved) throw overflow(name)
  return dateValue(Number(moved))
}

function roundedMs(name: string, ms: number): bigint {
  if (!(Math.abs(ms) < 2 ** 63)) throw overflow(name)
  return BigInt(Math.sign(ms) * Math.round(Math.abs(ms)))
}

const overflow = (name: string): CommandError => new CommandError('Overflow', `date overflow in ${name}`)

/** An operator that gives one number of a date: of the date alone, or of `{ date: …, timezone: … }`. */
export function datePart(name: string, part: (localMs: number) => number, encode = int32Value): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const { date, timezone } = compileDateAndZone(name, argument, helpers)
      const findZone = compileTimeZone(timezone)
      return (document, variables) => {
        const value = date(document, variables)
        const zone = findZone(document, variables)
        if (value === undefined || isNullish(value) || zone === undefined) return nullValue
        return encode(part(toLocal(zone, requireDateMs(value))))
      }
    },
  }
}

function compileDateAndZone(
  name: string,
  argument: Value,
  helpers: CompileHelpers,
): { date: Evaluate; timezone: Evaluate | undefined } {
  if (isArray(argument)) {
    const items = itemsOf(argument)
    const [only] = items
    if (only === undefined || items.length > 1) {
      throw new CommandError(
        'Location40536',
        `${name} accepts exactly one argument if given an array, but was given ${items.length}`,
      )
    }
    return { date: helpers.compileExpression(only), timezone: undefined }
  }
  if (!isDocument(argument) || hasOperators(argument)) {
    return { date: helpers.compileExpression(argument), timezone: undefined }
  }
  const found = new Map<string, Evaluate>()
  for (const [option, spec] of elementsOf(argument)) {
    if (option !== 'date' && option !== 'timezone') {
      throw new CommandError('Location40535', `unrecognized option to ${name}: "${option}"`)
    }
    found.set(option, helpers.compileExpression(spec))
  }
  const date = found.get('date')
  if (date === undefined) {
    throw new CommandError('Location40539', `missing 'date' argument to ${name}, provided: ${name}: ${show(argument)}`)
  }
  return { date, timezone: found.get('timezone') }
}
