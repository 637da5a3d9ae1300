/** Documents as operands: fields by names that no path could say, and documents laid over each other. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { documentOf, nullValue } from '../bson/encode.ts'
import { elementsOf } from '../bson/reader.ts'
import { type Value, isDocument, isNullish, isString, toText, typeName } from '../bson/value.ts'
import { namedSpecs } from './arguments.ts'
import { type CompileHelpers, type Evaluate, type ExpressionOperator } from './operator.ts'

/** `document` with the field called `name` as `value`: in its place or at the end, and not there for undefined. */
export function withField(document: Value, name: string, value: Value | undefined): Value {
  const fields = new Map<string, Value | undefined>(elementsOf(document))
  fields.set(name, value)
  return documentOf(fields)
}

/** Refuses a name that a document cannot have. */
export function requireKey(name: string, code: CodeName): string {
  if (!name.includes('\0')) return name
  throw new CommandError(code, 'Key field cannot contain an embedded null byte')
}

const codes = { notObject: 'Location4161100', unknown: 'Location4161101' } as const
const required = { field: 'Location4161102', input: 'Location4161109' } as const

/** $setField, and $unsetField, which is the same with a value that is missing. */
export function fieldSetter(name: '$setField' | '$unsetField'): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const specs: { field: Value; input: Value; value?: Value } =
        name === '$setField'
          ? namedSpecs(argument, { operator: name, required: { ...required, value: 'Location4161103' }, ...codes })
          : namedSpecs(argument, { operator: name, required, ...codes })
      const field = compileFieldName(name, specs.field, helpers)
      const input = helpers.compileExpression(specs.input)
      const value: Evaluate | undefined = specs.value && helpers.compileExpression(specs.value)
      return (document, variables) => {
        const target = input(document, variables)
        if (target === undefined || isNullish(target)) return nullValue
        if (!isDocument(target)) {
          throw new CommandError('Location4161105', `${name} requires 'input' to evaluate to type Object`)
        }
        return withField(target, field, value?.(document, variables))
      }
    },
  }
}

/** The name of the field to set, which has to be the same for every document. */
function compileFieldName(name: string, spec: Value, helpers: CompileHelpers): string {
  if (isString(spec) && toText(spec).startsWith('$')) {
    const path = toText(spec)
    throw new CommandError(
      'Location4161108',
      `'${path}' is a field path reference which is not allowed in this context. Did you mean {$literal: '${path}'}?`,
    )
  }
  const { constant } = helpers.compileExpression(spec)
  if (constant === undefined) {
    throw new CommandError(
      'Location4161106',
      `${name} requires 'field' to evaluate to a constant, but got a non-constant argument`,
    )
  }
  if (!isString(constant.value)) {
    throw new CommandError(
      'Location4161107',
      `${name} requires 'field' to evaluate to type String, but got ${typeName(constant.value)}`,
    )
  }
  return requireKey(toText(constant.value), 'BadValue')
}
