/**
 * `{ path: { $elemMatch: { $gt: 1, $lt: 5 } } }` or `{ path: { $elemMatch: { name: 'x', size: 1 } } }`: one item of
 * an array meets all of it. Documents are asked as documents, and so are arrays in the array, whose fields are their
 * positions.
 */
import { CommandError } from '../../base/errors.ts'
import { firstElement } from '../../bson/reader.ts'
import { BsonType, type Value, isDocument } from '../../bson/value.ts'
import { isOperatorDocument } from '../constant.ts'
import { type FieldContext, type FieldOperator, type ValueTest, nowhere } from '../operator.ts'
import { compileValueTest, findItem } from '../path.ts'

export const operator: FieldOperator = {
  name: '$elemMatch',
  of: 'field',
  compile(argument, context) {
    if (!isDocument(argument)) throw new CommandError('BadValue', '$elemMatch needs an Object')
    const asksItem = compileItem(argument, context)
    return {
      kind: 'value',
      arrays: 'whole',
      test: (type, bytes, start) => type === BsonType.array && findItem(bytes, start, asksItem) !== nowhere,
      itemIndex: (bytes, start) => findItem(bytes, start, asksItem),
    }
  },
}

function compileItem(argument: Value, context: FieldContext): ValueTest {
  const [name = ''] = firstElement(argument) ?? []
  if (isOperatorDocument(argument, { incomplete: true }) && !context.isDocumentOperator(name)) {
    return compileValueTest(context.compilePredicate(argument))
  }
  const matches = context.compileFilter(argument)
  return (type, bytes, start) => (type === BsonType.document || type === BsonType.array) && matches(bytes, start)
}
