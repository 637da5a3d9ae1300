/** $let: an expression with variables of its own: `{ vars: { name: … }, in: … }`. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import { isDocument, typeName } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import type { ExpressionOperator } from '../operator.ts'
import { requireVariableName } from '../variables.ts'

const shape = {
  operator: '$let',
  required: { vars: 'Location16876', in: 'Location16877' },
  notObject: 'Location16874',
  unknown: 'Location16875',
} as const

export const operator: ExpressionOperator = {
  name: '$let',
  compile(argument, helpers) {
    const named = namedSpecs(argument, shape)
    if (!isDocument(named.vars)) {
      throw new CommandError(
        'Location10065',
        `invalid parameter: expected an object (vars), found: ${typeName(named.vars)}`,
      )
    }
    // All are evaluated outside: one of them does not see the others.
    const defined = elementsOf(named.vars).map(([name, spec]) => {
      requireVariableName(name)
      return { name, evaluate: helpers.compileExpression(spec) }
    })
    const names = defined.map(({ name }) => name)
    const inside = helpers.compileExpression(named.in, names)
    return (document, variables) => {
      let scope = variables
      for (const { name, evaluate } of defined) scope = scope.with(name, evaluate(document, variables))
      return inside(document, scope)
    }
  },
}
