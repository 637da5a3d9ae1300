/** $replaceOne and $replaceAll. */
import { CommandError } from '../base/errors.ts'
import { nullValue, stringValue } from '../bson/encode.ts'
import { type Value, isNullish, isString, toText, typeName } from '../bson/value.ts'
import { compileNamed } from './arguments.ts'
import { weighed } from './operands.ts'
import type { ExpressionOperator } from './operator.ts'

/** An operator that puts one text in place of another. Null when any of the three is. */
export function replacer(
  name: string,
  replace: (text: string, find: string, replacement: string) => string,
): ExpressionOperator {
  const shape = {
    operator: name,
    required: { input: 'Location51749', find: 'Location51748', replacement: 'Location51747' },
    notObject: 'Location51751',
    unknown: 'Location51750',
  } as const
  const wrongType = { input: 'Location51746', find: 'Location51745', replacement: 'Location51744' } as const
  const textOf = (argument: keyof typeof wrongType, value: Value | undefined): string | undefined => {
    if (isNullish(value)) return undefined
    if (isString(value)) return toText(value)
    throw new CommandError(
      wrongType[argument],
      `${name} requires that '${argument}' be a string, found: ${typeName(value)}`,
    )
  }
  return {
    name,
    compile(argument, helpers) {
      const named = compileNamed(argument, shape, helpers)
      return (document, variables) => {
        const text = textOf('input', weighed(named.input(document, variables), helpers))
        const find = textOf('find', named.find(document, variables))
        const replacement = textOf('replacement', named.replacement(document, variables))
        if (text === undefined || find === undefined || replacement === undefined) return nullValue
        return stringValue(replace(text, find, replacement))
      }
    },
  }
}
