/** $switch: the `then` of the first branch whose `case` is true, or else the default. */
import { CommandError } from '../../base/errors.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { compileNamed, namedSpecs } from '../arguments.ts'
import type { ExpressionOperator } from '../operator.ts'
import { isTrue } from '../truth.ts'

const shape = {
  operator: '$switch',
  required: { branches: 'Location40068' },
  optional: ['default'],
  notObject: 'Location40060',
  unknown: 'Location40067',
} as const

const branchShape = {
  operator: '$switch',
  required: { case: 'Location40064', then: 'Location40065' },
  notObject: 'Location40062',
  unknown: 'Location40063',
} as const

export const operator: ExpressionOperator = {
  name: '$switch',
  compile(argument, helpers) {
    const named = namedSpecs(argument, shape)
    if (!isArray(named.branches)) {
      throw new CommandError(
        'Location40061',
        `$switch expected an array for 'branches', found: ${typeName(named.branches)}`,
      )
    }
    const branches = itemsOf(named.branches).map(branch => compileNamed(branch, branchShape, helpers))
    if (branches.length === 0) throw new CommandError('Location40068', '$switch requires at least one branch')
    const otherwise = named.default && helpers.compileExpression(named.default)
    return (document, variables) => {
      for (const branch of branches) {
        if (isTrue(branch.case(document, variables))) return branch.then(document, variables)
      }
      if (otherwise) return otherwise(document, variables)
      throw new CommandError(
        'Location40066',
        '$switch could not find a matching branch for an input, and no default was specified.',
      )
    }
  },
}
