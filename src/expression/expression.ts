/**
 * Aggregation expressions: a specification compiled once into a function of a document and the variables.
 *
 *   "$a.b"           a field path              { $add: […] }     an operator: operators/ has them
 *   "$$name.b"       a variable                { a: …, b: … }    a document of expressions
 *   anything else    itself                    […]               an array of expressions
 */
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { arrayValue, documentOf, nullValue } from '../bson/encode.ts'
import { elementsOf, firstElement, hasOperators, itemsOf } from '../bson/reader.ts'
import type { Collation } from '../bson/collation.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value, documentValue, toText } from '../bson/value.ts'
import { compileFieldPath, requireFieldName } from './field-path.ts'
import { type Evaluate, type ExpressionOperator, constantly } from './operator.ts'
import * as all from './operators/all.ts'
import { rootVariables, systemVariables } from './variables.ts'

export type { Evaluate } from './operator.ts'

export interface CompileOptions {
  /** How strings compare; undefined for by bytes. */
  readonly collation?: Collation | undefined
  /** Names that the command's `let` defines. A variable that nobody defined is refused (17276). */
  readonly variables?: readonly string[] | undefined
  /** Whose time it takes; undefined where nobody else waits. */
  readonly pace?: Pace | undefined
}

const operators: ReadonlyMap<string, ExpressionOperator> = new Map(
  Object.values(all).map(operator => [operator.name, operator]),
)

/** Known to the server, or to newer ones, and not to us: a clearer answer than that of a misspelled name. */
const notImplemented = new Set([
  ...['$meta', '$function', '$accumulator', '$sampleRate', '$toHashedIndexKey', '$median', '$percentile'],
  ...['$bottom', '$bottomN', '$top', '$topN', '$sigmoid', '$createObjectId', '$subtype', '$hash', '$hexHash'],
  ...['$similarityCosine', '$similarityDotProduct', '$similarityEuclidean', '$serializeEJSON', '$deserializeEJSON'],
  ...['$encStrStartsWith', '$encStrEndsWith', '$encStrContains', '$encStrNormalizedEq'],
])

/** @throws CommandError for an unknown operator (168), a wrong number of arguments (16020), an undefined variable … */
export function compileExpression(spec: Value, { collation, variables = [], pace }: CompileOptions): Evaluate {
  return compile(spec, { collation, defined: [...systemVariables, ...variables], pace, counted: { nodeCount: 0 } })
}

/** `$name` of an expression operator, for those who decide whether a document is an expression. */
export function isExpressionOperator(name: string): boolean {
  return operators.has(name) || notImplemented.has(name)
}

interface Context {
  readonly collation: Collation | undefined
  /** The variables that may be used here. `$$CURRENT` stands twice once somebody has given it another value. */
  readonly defined: readonly string[]
  readonly pace: Pace | undefined
  /** Of the whole expression, how many operators and paths have been compiled. */
  readonly counted: { nodeCount: number }
}

/** One of so many operators and paths spends a piece when it is evaluated; so does the outermost operator. */
const nodesPerPiece = 16

/** What is compiled for the node that was counted as `number`. */
function counted(number: number, evaluate: Evaluate, { pace }: Context): Evaluate {
  if (pace === undefined || number % nodesPerPiece !== 0 || evaluate.constant !== undefined) return evaluate
  return (document, variables) => {
    pace.spend()
    return evaluate(document, variables)
  }
}

function compile(spec: Value, context: Context): Evaluate {
  switch (spec.type) {
    case BsonType.string:
      return compileText(toText(spec), spec, context)
    case BsonType.document:
      return hasOperators(spec) ? compileOperator(spec, context) : compileDocument(spec, context)
    case BsonType.array:
      return compileArray(spec, context)
    default:
      return constantly(spec)
  }
}

function compileText(text: string, spec: Value, context: Context): Evaluate {
  if (text.startsWith('$$')) return compileVariable(text.slice(2), context)
  if (!text.startsWith('$')) return constantly(spec)
  if (text === '$') throw new CommandError('Location16872', "'$' by itself is not a valid FieldPath")
  return compileVariable(`CURRENT.${text.slice(1)}`, context)
}

/** A variable and what lies below it: `name` or `name.path`. */
function compileVariable(text: string, context: Context): Evaluate {
  const { defined } = context
  const dot = text.indexOf('.')
  const name = dot === -1 ? text : text.slice(0, dot)
  if (name === '') throw new CommandError('FailedToParse', 'empty variable names are not allowed')
  if (!defined.includes(name)) throw new CommandError('Location17276', `Use of undefined variable: ${name}`)
  const walk = dot === -1 ? undefined : compileFieldPath(text.slice(dot + 1))
  if (name === 'REMOVE') return constantly(undefined)
  const isRoot = name === 'ROOT' || (name === 'CURRENT' && defined.indexOf(name) === defined.lastIndexOf(name))
  if (walk === undefined) return isRoot ? document => document : (_, variables) => variables.get(name)
  const number = ++context.counted.nodeCount
  return counted(number, isRoot ? walk : (_, variables) => walk(variables.get(name)), context)
}

function compileDocument(spec: Value, context: Context): Evaluate {
  const fields = elementsOf(spec).map(([name, value]): [string, Evaluate] => {
    requireFieldName(name)
    if (name.includes('.')) {
      throw new CommandError(
        'Location16412',
        `FieldPath field names may not contain '.'. Consider using $getField or $setField. Found: ${name}`,
      )
    }
    return [name, compile(value, context)]
  })
  if (new Set(fields.map(([name]) => name)).size < fields.length) {
    throw new CommandError('Location16406', `duplicate field name specified in object literal: ${show(spec)}`)
  }
  const operands = fields.map(([, evaluate]) => evaluate)
  return folded(
    operands,
    (document, variables) =>
      documentOf(fields.map(([name, evaluate]) => [name, evaluate(document, variables)] as const)),
    context,
  )
}

function compileArray(spec: Value, context: Context): Evaluate {
  const items = itemsOf(spec).map(item => compile(item, context))
  return folded(items, (document, variables) => arrayValue(items.map(item => item(document, variables))), context)
}

function compileOperator(spec: Value, context: Context): Evaluate {
  const [name, argument] = firstElement(spec) ?? ['', nullValue]
  if (elementsOf(spec).length > 1) {
    throw new CommandError(
      'Location15983',
      `an object representing an expression must have exactly one field: ${show(spec)}`,
    )
  }
  const operator = operators.get(name)
  if (operator === undefined) {
    if (notImplemented.has(name)) throw new CommandError('NotImplemented', `the expression ${name} is not supported`)
    throw new CommandError('InvalidPipelineOperator', `Unrecognized expression '${name}'`)
  }
  const { pace, collation } = context
  const number = context.counted.nodeCount++
  const operands: Evaluate[] = []
  const compiled = operator.compile(argument, {
    collation,
    pace,
    compileExpression(operand, definedInside = []) {
      const inner = compile(operand, { ...context, defined: [...context.defined, ...definedInside] })
      operands.push(inner)
      return inner
    },
  })
  return counted(number, operands.length === 0 ? compiled : folded(operands, compiled, context), context)
}

const nothing = documentValue(Uint8Array.of(5, 0, 0, 0, 0))
const noVariables = rootVariables({ nowMs: 0, clusterTime: 0n })

/** `evaluate`, or the constant that it gives when all its operands are. */
function folded(operands: readonly Evaluate[], evaluate: Evaluate, { pace }: Context): Evaluate {
  if (evaluate.constant !== undefined || !operands.every(operand => operand.constant !== undefined)) return evaluate
  try {
    return constantly(evaluate(nothing, noVariables))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    pace?.check()
    // An operand of the wrong kind may stand in a branch that no document takes: it is refused when it is reached.
    return evaluate
  }
}
