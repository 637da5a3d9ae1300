/** $convert: a value in another type; `onError` where it cannot be had in it, `onNull` where there is nothing to convert. */
import { CommandError } from '../../base/errors.ts'
import { nullValue } from '../../bson/encode.ts'
import { type Value, isNullish, isString, toText, typeName } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import { requireBinaryFormat } from '../binary-text.ts'
import { convertValue } from '../conversion.ts'
import { parseTarget } from '../conversion-target.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$convert',
  required: { input: 'FailedToParse', to: 'FailedToParse' },
  optional: ['onError', 'onNull', 'format', 'byteOrder'],
  notObject: 'FailedToParse',
  unknown: 'FailedToParse',
} as const

export const operator: ExpressionOperator = {
  name: '$convert',
  compile(argument, helpers) {
    const { input, to, onError, onNull, format, byteOrder } = compileNamed(argument, shape, helpers)
    const constantTarget = to.constant?.value && !isNullish(to.constant.value) && parseTarget(to.constant.value)
    return (document, variables) => {
      const value = input(document, variables)
      if (value === undefined || isNullish(value)) return onNull === undefined ? nullValue : onNull(document, variables)
      const toValue = to(document, variables)
      if (toValue === undefined || isNullish(toValue)) return nullValue
      const target = constantTarget || parseTarget(toValue)
      const form = {
        format: format && parseFormat(format(document, variables)),
        byteOrder: byteOrder === undefined ? ('little' as const) : parseByteOrder(byteOrder(document, variables)),
      }
      try {
        return convertValue(value, target, form)
      } catch (error) {
        const isFailure = error instanceof CommandError && error.codeName === 'ConversionFailure'
        if (isFailure && onError !== undefined) return onError(document, variables)
        throw error
      }
    }
  },
}

function parseFormat(value: Value | undefined): string | undefined {
  if (value === undefined || isNullish(value)) return undefined
  if (!isString(value)) {
    throw new CommandError('Location4341114', `$convert requires that 'format' be a string, found: ${typeName(value)}`)
  }
  requireBinaryFormat(toText(value))
  return toText(value)
}

function parseByteOrder(value: Value | undefined): 'little' | 'big' {
  if (value === undefined || isNullish(value)) return 'little'
  const text = isString(value) ? toText(value) : ''
  if (text === 'little' || text === 'big') return text
  throw new CommandError(
    'FailedToParse',
    `$convert requires that 'byteOrder' be "little" or "big", found: ${typeName(value)}`,
  )
}
