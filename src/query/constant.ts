/** What may stand as a constant in a filter, and what equals it. */
import { CommandError } from '../base/errors.ts'
import type { Collation } from '../bson/collation.ts'
import { ElementReader, hasOperators, itemsOf } from '../bson/reader.ts'
import { BsonType, type Value, isArray } from '../bson/value.ts'
import { compileComparison, equal } from './comparison.ts'
import { compileMembership } from './membership.ts'
import type { MatchOptions, ValuePredicate } from './operator.ts'
import { regexPredicate } from './pattern.ts'

/** Names that begin with a dollar and are fields all the same: those of a reference to another document. */
const referenceNames = new Set(['$ref', '$id', '$db'])

export const isReferenceName = (name: string): boolean => referenceNames.has(name)

/**
 * Whether a value is a document of operators, `{ $gt: 1 }`. A reference is none, one with both `$ref` and `$id`; where
 * `incomplete` ones count as well, any one of its names is enough.
 */
export function isOperatorDocument(value: Value, { incomplete = false } = {}): boolean {
  if (!hasOperators(value)) return false
  const names = new Set<string>()
  const elements = ElementReader.of(value)
  while (elements.next()) names.add(elements.name)
  return incomplete ? ![...referenceNames].some(name => names.has(name)) : !(names.has('$ref') && names.has('$id'))
}

/** Equals `constant`; a regular expression is a value like others here. */
export function equalsPredicate(constant: Value, collation: Collation | undefined): ValuePredicate {
  return {
    kind: 'value',
    arrays: 'items',
    test: compileComparison(equal, constant, collation),
    literal: isLiteral(constant, collation) ? constant : undefined,
    equals: [constant],
  }
}

/** Types whose values are equal to one of the same type when their bytes are the same, and only then. */
const literalTypes = new Set<number>([
  BsonType.bool,
  BsonType.date,
  BsonType.int32,
  BsonType.int64,
  BsonType.null,
  BsonType.objectId,
  BsonType.string,
  BsonType.timestamp,
])

const isLiteral = ({ type }: Value, collation: Collation | undefined): boolean =>
  literalTypes.has(type) && (type !== BsonType.string || collation === undefined)

/** Refuses a regular expression as what `$gt` and its like compare with. */
export function requireNoPattern(argument: Value, path: string): void {
  if (argument.type !== BsonType.regex) return
  throw new CommandError('BadValue', `Can't have RegEx as arg to predicate over field '${path}'.`)
}

/** Equals one of the items of `argument`, or matches one of those that are regular expressions. */
export function memberPredicate(argument: Value, name: string, { collation, pace }: MatchOptions): ValuePredicate {
  if (!isArray(argument)) throw new CommandError('BadValue', `${name} needs an array`)
  const items = itemsOf(argument)
  if (items.some(item => isOperatorDocument(item))) throw new CommandError('BadValue', 'cannot nest $ under $in')
  const isPattern = (item: Value) => item.type === BsonType.regex
  const constants = items.filter(item => !isPattern(item))
  const member = compileMembership(constants, collation)
  if (constants.length === items.length) return { kind: 'value', arrays: 'items', test: member, equals: constants }
  // The same regular expression as a value is found by its pattern already.
  const tests = [member, ...items.filter(isPattern).map(item => regexPredicate(item, pace).test)]
  return {
    kind: 'value',
    arrays: 'items',
    test: (type, bytes, start, end) => tests.some(test => test(type, bytes, start, end)),
  }
}
