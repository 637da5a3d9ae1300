/** `{ $pull: { path: condition } }` takes the items out of an array that equal a value or match a condition. */
import { equalValues } from '../../bson/compare.ts'
import { documentOf } from '../../bson/encode.ts'
import { firstElement } from '../../bson/reader.ts'
import { BsonType, documentBytes, isDocument } from '../../bson/value.ts'
import { isReferenceName } from '../../query/constant.ts'
import { compileMatch } from '../../query/match.ts'
import { compileItemTest } from '../array-filters.ts'
import { cullItems } from '../culling.ts'
import type { Value } from '../../bson/value.ts'
import type { ItemTest } from '../array-filters.ts'
import type { OperatorOptions, UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$pull',
  compile: (_path, condition, options) => cullItems(compileCondition(condition, options)),
}

// Beginning with one of these, a condition is about the fields of an item, as one without operators is.
const aboutFields: ReadonlySet<string> = new Set(['$and', '$or', '$nor', '$comment', '$jsonSchema', '$expr'])

function compileCondition(condition: Value, options: OperatorOptions): ItemTest {
  if (condition.type !== BsonType.document && condition.type !== BsonType.regex) {
    return item => equalValues(item, condition, options.collation)
  }
  if (condition.type === BsonType.document && isAboutFields(condition)) {
    const matches = compileMatch(condition, options)
    return item => isDocument(item) && matches(documentBytes(item))
  }
  // `{ $gt: 5 }` and regular expressions are asked of the item itself, as of a field that has its value.
  return compileItemTest('item', documentOf([['item', condition]]), options)
}

function isAboutFields(condition: Value): boolean {
  const [name = ''] = firstElement(condition) ?? []
  return !name.startsWith('$') || isReferenceName(name) || aboutFields.has(name)
}
