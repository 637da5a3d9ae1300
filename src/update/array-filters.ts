/** Array filters: which items `$[x]` means, from `arrayFilters: [{ 'x.field': condition }]`. */
import { CommandError } from '../base/errors.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { isArray, isDocument, typeName } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { compileMatch } from '../query/match.ts'
import type { Value } from '../bson/value.ts'
import type { OperatorOptions } from './operator.ts'

export type ItemTest = (item: Value) => boolean

/** Each filter under its identifier. @throws CommandError for one that names none, several, or another one's. */
export function compileArrayFilters(filters: readonly Value[], options: OperatorOptions): Map<string, ItemTest> {
  const tests = new Map<string, ItemTest>()
  for (const filter of filters) {
    const identifier = requireIdentifier(filter)
    if (tests.has(identifier)) {
      throw new CommandError(
        'FailedToParse',
        `Found multiple array filters with the same top-level field name ${identifier}`,
      )
    }
    tests.set(identifier, compileItemTest(identifier, filter, options))
  }
  return tests
}

/** Whether a filter matches the document `{ [name]: item }`. */
export function compileItemTest(name: string, filter: Value, options: OperatorOptions): ItemTest {
  const matches = compileMatch(filter, options)
  return item => {
    const writer = new BsonWriter(item.end - item.start + name.length + 16)
    writer.value(name, item)
    return matches(writer.finish())
  }
}

function requireIdentifier(filter: Value): string {
  if (!isDocument(filter)) {
    throw new CommandError('TypeMismatch', `An array filter must be an object, not of type ${typeName(filter)}`)
  }
  const [identifier, other] = new Set(identifiersIn(filter))
  if (identifier === undefined) {
    const words = 'Cannot use an expression without a top-level field name in arrayFilters'
    throw new CommandError('FailedToParse', words)
  }
  if (other !== undefined) {
    throw new CommandError(
      'FailedToParse',
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${identifier}' and '${other}'`,
    )
  }
  if (!/^[a-z][a-zA-Z0-9]*$/.test(identifier)) {
    throw new CommandError(
      'BadValue',
      `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with ` +
        `a lowercase letter, found '${identifier}'`,
    )
  }
  return identifier
}

const logical: ReadonlySet<string> = new Set(['$and', '$or', '$nor'])

function identifiersIn(filter: Value): string[] {
  return elementsOf(filter).flatMap(([name, value]) => {
    if (name === '$expr') throw new CommandError('QueryFeatureNotAllowed', '$expr is not allowed in this context')
    if (logical.has(name)) return isArray(value) ? itemsOf(value).filter(isDocument).flatMap(identifiersIn) : []
    return name.startsWith('$') ? [] : [name.split('.', 1)[0] ?? '']
  })
}
