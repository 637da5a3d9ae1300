/** `{ $expr: expression }`: the expression, evaluated on the whole document, is true. */
import { CommandError } from '../../base/errors.ts'
import { readInt32 } from '../../bson/bytes.ts'
import { BsonType, Value } from '../../bson/value.ts'
import { compileExpression } from '../../expression/expression.ts'
import { isTrue } from '../../expression/truth.ts'
import type { DocumentOperator } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$expr',
  of: 'document',
  compile(argument, { isTopLevel, options }) {
    if (!isTopLevel) throw new CommandError('BadValue', '$expr can only be applied to the top-level document')
    const { collation, variables, variableNames, pace } = options
    if (variables === undefined) {
      throw new CommandError('QueryFeatureNotAllowed', '$expr is not allowed in this context')
    }
    const evaluate = compileExpression(argument, { collation, variables: variableNames, pace })
    return {
      kind: 'document',
      test(bytes, start) {
        const document = new Value(BsonType.document, bytes, start, start + readInt32(bytes, start))
        return isTrue(evaluate(document, variables))
      },
    }
  },
}
