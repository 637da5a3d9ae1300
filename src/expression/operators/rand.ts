/** $rand: a double in [0, 1), another one each time. */
import { CommandError } from '../../base/errors.ts'
import { doubleValue } from '../../bson/encode.ts'
import { isEmpty } from '../../bson/reader.ts'
import { isArray, isDocument } from '../../bson/value.ts'
import type { ExpressionOperator } from '../operator.ts'

export const operator: ExpressionOperator = {
  name: '$rand',
  compile(argument) {
    if (!(isDocument(argument) || isArray(argument)) || !isEmpty(argument)) {
      throw new CommandError('Location3040501', '$rand does not currently accept arguments')
    }
    return (_, variables) => doubleValue(variables.random())
  },
}
