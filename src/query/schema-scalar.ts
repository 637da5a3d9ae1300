/** Keywords of `$jsonSchema` for numbers and texts. */
import { CommandError } from '../base/errors.ts'
import { compareValues } from '../bson/compare.ts'
import { addNumbers, isNaNValue, moduloNumbers } from '../bson/number.ts'
import { decimalValue, int32Value } from '../bson/encode.ts'
import { BsonType, Value, isNumber, isString, toBool, toText, typeName } from '../bson/value.ts'
import { compileComparison, equal, greater, less } from './comparison.ts'
import type { ValueTest } from './operator.ts'
import { compilePattern } from './pattern.ts'
import { type Keyword, type SchemaContext, onlyFor, refusal, requireCount } from './schema-keyword.ts'

function onlyForNumbers(test: ValueTest): ValueTest {
  return (type, bytes, start, end) =>
    (type !== BsonType.int32 && type !== BsonType.double && type !== BsonType.int64 && type !== BsonType.decimal128) ||
    test(type, bytes, start, end)
}

function requireNumber(argument: Value, { name }: SchemaContext): Value {
  if (isNumber(argument)) return argument
  throw refusal('TypeMismatch', name, 'must be a number')
}

/** `minimum` and `maximum`, each of which looks whether its exclusive sister is true. */
function limit(order: number, exclusiveName: string): Keyword {
  return (argument, context) => {
    const number = requireNumber(argument, context)
    const exclusive = context.keywords.get(exclusiveName)
    const isExclusive = exclusive?.type === BsonType.bool && toBool(exclusive)
    return onlyForNumbers(compileComparison(isExclusive ? order : order | equal, number, undefined))
  }
}

/** `exclusiveMinimum` and `exclusiveMaximum`, which mean nothing without the limit they sharpen. */
function exclusiveness(limitName: string): Keyword {
  return (argument, { name, keywords }) => {
    if (argument.type !== BsonType.bool) throw refusal('TypeMismatch', name, 'must be a boolean')
    if (!keywords.has(limitName)) throw refusal('FailedToParse', limitName, `must be a present if ${name} is present`)
    return undefined
  }
}

// 0 with exponent 0; what is added to it becomes a decimal and stays the same.
const decimalZero = decimalValue(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x30))
const zero = int32Value(0)

const multipleOf: Keyword = (argument, context) => {
  const divisor = addNumbers(requireNumber(argument, context), decimalZero)
  if (isNaNValue(divisor) || compareValues(divisor, zero) <= 0) {
    throw refusal('FailedToParse', context.name, 'must have a positive value')
  }
  return onlyForNumbers((type, bytes, start, end) => {
    const rest = moduloNumbers(addNumbers(new Value(type, bytes, start, end), decimalZero), divisor)
    return compareValues(rest, zero) === 0
  })
}

/** `minLength` and `maxLength`: in code points. */
function textLength(fits: (length: number, limit: number) => boolean): Keyword {
  return (argument, { name }) => {
    const wanted = requireCount(argument, name)
    return onlyFor(BsonType.string, (_, bytes, start, end) => fits(codePointCount(bytes, start + 4, end - 1), wanted))
  }
}

/** Every byte of UTF-8 that does not go on with a character begins one. */
function codePointCount(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) if (((bytes[at] as number) & 0xc0) !== 0x80) count++
  return count
}

const pattern: Keyword = (argument, { name, pace }) => {
  if (!isString(argument)) throw refusal('TypeMismatch', name, 'must be a string')
  return onlyFor(BsonType.string, compilePattern({ pattern: toText(argument), options: '' }, pace))
}

/** Words for people: `title` and `description`. */
const remark: Keyword = (argument, { name }) => {
  if (isString(argument)) return undefined
  throw new CommandError(
    'TypeMismatch',
    `$jsonSchema keyword '${name}' must be of type string, not ${typeName(argument)}`,
  )
}

export const scalarKeywords: Readonly<Record<string, Keyword>> = {
  description: remark,
  exclusiveMaximum: exclusiveness('maximum'),
  exclusiveMinimum: exclusiveness('minimum'),
  maxLength: textLength((length, most) => length <= most),
  maximum: limit(less, 'exclusiveMaximum'),
  minLength: textLength((length, least) => length >= least),
  minimum: limit(greater, 'exclusiveMinimum'),
  multipleOf,
  pattern,
  title: remark,
}
