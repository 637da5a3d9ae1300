/**
 * Operands that stand in an array, or alone: `{ $add: [a, b] }`, `{ $abs: a }`; and the operators that evaluate all of theirs
 * before they do anything, which need no more than a function of values.
 */
import { CommandError } from '../base/errors.ts'
import { nullValue } from '../bson/encode.ts'
import { itemsOf } from '../bson/reader.ts'
import type { Collation } from '../bson/collation.ts'
import { type Value, isArray, isNullish } from '../bson/value.ts'
import type { CompileHelpers, Evaluate, ExpressionOperator } from './operator.ts'

export interface Arity {
  readonly min: number
  readonly max: number
}

/** The operands as they are written, not compiled. @throws CommandError 16020 or 28667 when there are too few or too many. */
export function operandSpecs(name: string, argument: Value, { min, max }: Arity): Value[] {
  const specs = isArray(argument) ? itemsOf(argument) : [argument]
  const { length } = specs
  if (length >= min && length <= max) return specs
  if (min === max) {
    throw new CommandError(
      'Location16020',
      `Expression ${name} takes exactly ${min} arguments. ${length} were passed in.`,
    )
  }
  throw new CommandError(
    'Location28667',
    `Expression ${name} takes at least ${min} arguments, and at most ${max}, but ${length} were passed in.`,
  )
}

/** The compiled operands. @throws CommandError as `operandSpecs`. */
export function compileOperands(name: string, argument: Value, arity: Arity, helpers: CompileHelpers): Evaluate[] {
  return operandSpecs(name, argument, arity).map(spec => helpers.compileExpression(spec))
}

const exactly = (count: number): Arity => ({ min: count, max: count })

/** Missing values come as undefined; `collation` is how strings compare. */
type Apply1 = (value: Value | undefined, collation: Collation | undefined) => Value | undefined
type Apply2 = (a: Value | undefined, b: Value | undefined, collation: Collation | undefined) => Value | undefined
type ApplyAll = (values: readonly (Value | undefined)[], collation: Collation | undefined) => Value | undefined

/** An operator of one operand. */
export function unary(name: string, apply: Apply1): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const [operand] = compileOperands(name, argument, exactly(1), helpers) as [Evaluate]
      const { collation } = helpers
      return (document, variables) => apply(operand(document, variables), collation)
    },
  }
}

/** An operator of one operand that is null where the operand is null or missing. */
export function unaryOrNull(name: string, apply: (value: Value) => Value | undefined): ExpressionOperator {
  return unary(name, value => (value === undefined || isNullish(value) ? nullValue : apply(value)))
}

/** An operator of two operands. */
export function binary(name: string, apply: Apply2): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const [a, b] = compileOperands(name, argument, exactly(2), helpers) as [Evaluate, Evaluate]
      const { collation } = helpers
      return (document, variables) => apply(a(document, variables), b(document, variables), collation)
    },
  }
}

/** An operator of two operands that is null where one of them is null or missing. */
export function binaryOrNull(name: string, apply: (a: Value, b: Value) => Value | undefined): ExpressionOperator {
  return binary(name, (a, b) =>
    a === undefined || b === undefined || isNullish(a) || isNullish(b) ? nullValue : apply(a, b),
  )
}

/** An operator of any number of operands, or of as many as `arity` says. */
export function variadic(
  name: string,
  apply: ApplyAll,
  arity: Arity = { min: 0, max: Number.MAX_SAFE_INTEGER },
): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const operands = compileOperands(name, argument, arity, helpers)
      const { collation } = helpers
      return (document, variables) => {
        const values: (Value | undefined)[] = []
        for (const operand of operands) values.push(operand(document, variables))
        return apply(values, collation)
      }
    },
  }
}
