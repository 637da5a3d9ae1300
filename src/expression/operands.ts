/**
 * Operands that stand in an array, or alone: `{ $add: [a, b] }`, `{ $abs: a }`; and the operators that evaluate all of theirs
 * before they do anything, which need no more than a function of values.
 */
import { CommandError } from '../base/errors.ts'
import { nullValue } from '../bson/encode.ts'
import { itemsOf } from '../bson/reader.ts'
import { type Value, isArray, isNullish } from '../bson/value.ts'
import type { CompareHelpers, CompileHelpers, Evaluate, ExpressionOperator } from './operator.ts'

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

const heavyFromBytes = 16 * 1024

/** `value`, which is going to be read: many large ones keep everybody else waiting. */
export function weighed(value: Value | undefined, { pace }: CompareHelpers): Value | undefined {
  if (value !== undefined && value.end - value.start >= heavyFromBytes) pace?.spendBytes(value.end - value.start)
  return value
}

const exactly = (count: number): Arity => ({ min: count, max: count })

/** Missing values come as undefined. */
type Apply1 = (value: Value | undefined, helpers: CompareHelpers) => Value | undefined
type Apply2 = (a: Value | undefined, b: Value | undefined, helpers: CompareHelpers) => Value | undefined
type ApplyAll = (values: readonly (Value | undefined)[], helpers: CompareHelpers) => Value | undefined

/** An operator of one operand. */
export function unary(name: string, apply: Apply1): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const [operand] = compileOperands(name, argument, exactly(1), helpers) as [Evaluate]
      return (document, variables) => apply(weighed(operand(document, variables), helpers), helpers)
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
      return (document, variables) =>
        apply(weighed(a(document, variables), helpers), weighed(b(document, variables), helpers), helpers)
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
      return (document, variables) => {
        const values: (Value | undefined)[] = []
        for (const operand of operands) values.push(weighed(operand(document, variables), helpers))
        return apply(values, helpers)
      }
    },
  }
}
