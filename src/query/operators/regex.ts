/** `{ path: { $regex: 'pattern', $options: 'i' } }`: a text that matches, or the same regular expression as a value. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import { BsonType, type Value, isString, toRegexParts, toText } from '../../bson/value.ts'
import type { FieldOperator } from '../operator.ts'
import { patternPredicate } from '../pattern.ts'

export const operator: FieldOperator = {
  name: '$regex',
  of: 'field',
  compile(argument, { operators, options: { pace } }) {
    const { pattern, options } = parsePattern(argument)
    const given = elementsOf(operators).find(([name]) => name === '$options')?.[1]
    if (given === undefined) return patternPredicate({ pattern, options }, pace)
    if (!isString(given)) throw new CommandError('BadValue', '$options has to be a string')
    if (options !== '') throw new CommandError('Location51075', 'options set in both $regex and $options')
    return patternPredicate({ pattern, options: toText(given) }, pace)
  },
}

function parsePattern(argument: Value): { pattern: string; options: string } {
  if (argument.type === BsonType.regex) return toRegexParts(argument)
  if (isString(argument)) return { pattern: toText(argument), options: '' }
  throw new CommandError('BadValue', '$regex has to be a string')
}
