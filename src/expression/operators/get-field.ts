/**
 * $getField: the field of a document that has exactly this name, dots and dollars included: `{ field, input }`, or the name
 * alone for a field of the document at hand.
 */
import { CommandError } from '../../base/errors.ts'
import { nullValue, stringValue } from '../../bson/encode.ts'
import { fieldName, findField, firstElement } from '../../bson/reader.ts'
import { type Value, isDocument, isNullish, isString, toText, typeName } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$getField',
  required: { field: 'Location3041702', input: 'Location3041703' },
  notObject: 'Location3041702',
  unknown: 'Location3041701',
} as const

export const operator: ExpressionOperator = {
  name: '$getField',
  compile(argument, helpers) {
    const specs = isShort(argument) ? { field: argument, input: stringValue('$$CURRENT') } : namedSpecs(argument, shape)
    const field = helpers.compileExpression(specs.field)
    const input = helpers.compileExpression(specs.input)
    if (field.constant && !isString(field.constant.value)) throw wrongType('Location5654602', field.constant.value)
    return (document, variables) => {
      const name = field(document, variables)
      if (!isString(name)) throw wrongType('Location3041704', name)
      const target = input(document, variables)
      if (target === undefined) return undefined
      return isDocument(target) ? findNamed(target, toText(name)) : isNullish(target) ? nullValue : undefined
    }
  },
}

/** Whether the argument is the name itself, or an expression for it. */
const isShort = (argument: Value): boolean =>
  !isDocument(argument) || firstElement(argument)?.[0].startsWith('$') === true

const wrongType = (code: 'Location5654602' | 'Location3041704', value: Value | undefined): CommandError =>
  new CommandError(code, `$getField requires 'field' to evaluate to type String, but got ${typeName(value)}`)

const findNamed = (document: Value, name: string): Value | undefined =>
  name.includes('\0') ? undefined : findField(document.bytes, document.start, fieldName(name))
