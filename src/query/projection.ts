/**
 * Projections as users write them, parsed into a tree of fields.
 *
 *   { a: 1, 'b.c': 1, d: { $add: ['$x', 1] } }     includes a, b.c and _id, and computes d
 *   { a: 0, b: { c: 0 } }                          excludes a and b.c
 *
 * What decides which of the two it is, and each refusal: MongoDB 8.0, projection_parser.cpp.
 */
import { CommandError } from '../base/errors.ts'
import { documentOf } from '../bson/encode.ts'
import { elementCount, elementsOf, firstElement, isEmpty, itemsOf } from '../bson/reader.ts'
import { toNearestDouble } from '../bson/number.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value, isDocument, isNumber, typeName } from '../bson/value.ts'
import { requireFieldName } from '../expression/field-path.ts'
import { type Evaluate, compileExpression, isExpressionOperator } from '../expression/expression.ts'
import { isTrue } from '../expression/truth.ts'
import { isReferenceName } from './constant.ts'
import type { MatchOptions } from './operator.ts'

export interface Projection {
  readonly kind: 'inclusion' | 'exclusion'
  readonly root: ProjectionTree
  /** Done to the projected document, in this order: they need to be found at their path in it. */
  readonly after: readonly After[]
}

/** By field name, in the order of the specification. */
export type ProjectionTree = Map<string, ProjectionField>

export type ProjectionField =
  /** Included or excluded, whichever the projection does. */
  | { readonly kind: 'named' }
  | { readonly kind: 'tree'; readonly tree: ProjectionTree }
  | { readonly kind: 'computed'; readonly evaluate: Evaluate }
  /** Left as it is. */
  | { readonly kind: 'kept' }
  /** The first item of the array that matches `{ <name>: condition }`, as an array of one; nothing when none does. */
  | { readonly kind: 'elemMatch'; readonly condition: Value }

export type After =
  | {
      readonly kind: 'slice'
      readonly path: readonly string[]
      readonly skip?: number | undefined
      readonly limit: number
    }
  | { readonly kind: 'positional'; readonly path: readonly string[] }

export interface ProjectionRules {
  /** Only find knows `$elemMatch`, its own `$slice`, and the positional `$`. */
  readonly of: 'find' | 'aggregate'
  readonly hasFilter: boolean
  readonly options: MatchOptions
}

/** `spec` has at least one field. @throws CommandError 31253, 31254, 31249, 31250 and others. */
export function parseProjection(spec: Value, rules: ProjectionRules): Projection {
  return new Parser(rules).parse(spec)
}

class Parser {
  readonly #rules: ProjectionRules
  readonly #root: ProjectionTree = new Map()
  readonly #after: After[] = []
  /** Known as soon as a field other than _id was included, excluded or computed. */
  #kind: Projection['kind'] | undefined
  #id: 'included' | 'excluded' | undefined
  #hasElemMatch = false

  constructor(rules: ProjectionRules) {
    this.#rules = rules
  }

  parse(spec: Value): Projection {
    const elements = elementsOf(spec)
    for (const [path, value] of elements) this.#parseElement(path, value, [])
    const kind = this.#kind ?? this.#kindByDefault()
    if (kind === 'inclusion') {
      const mentionsId = elements.some(([path]) => path === '_id' || path.startsWith('_id.'))
      if (!mentionsId) this.#root.set('_id', { kind: 'named' })
      else if (this.#id === 'excluded') this.#root.delete('_id')
    } else if (this.#id === 'included') {
      this.#root.delete('_id')
    }
    return { kind, root: this.#root, after: this.#after }
  }

  /** Nothing but `_id`, `$slice` and `$elemMatch`. */
  #kindByDefault(): Projection['kind'] {
    const isSliced = this.#after.some(({ kind }) => kind === 'slice')
    if (!isSliced && this.#hasElemMatch) return 'inclusion'
    return this.#id === 'included' ? 'inclusion' : 'exclusion'
  }

  #parseElement(path: string, value: Value, parents: readonly string[]): void {
    const isPositional = path.endsWith('.$')
    if (isPositional && this.#rules.of === 'aggregate') {
      throw new CommandError('Location31324', 'Cannot use positional projection in aggregation projection')
    }
    if (path.includes('.$.')) {
      throw new CommandError(
        'Location31394',
        "As of 4.4, it's illegal to specify positional operator in the middle of a path. Positional projection may " +
          'only be used at the end, for example: a.b.$.',
      )
    }
    const refusePositional = (code: 31271 | 31395 | 31308, what: string) => {
      if (isPositional) throw new CommandError(`Location${code}`, `positional projection cannot be used with ${what}`)
    }
    if (isDocument(value)) {
      refusePositional(31271, 'an expression or sub object')
      this.#parseDocument(path, value, parents)
    } else if (!isFlag(value)) {
      refusePositional(31308, 'a literal')
      this.#parseLiteral(path, value, parents)
    } else if (isTrue(value)) {
      this.#parseInclusion(path, parents)
    } else {
      refusePositional(31395, 'exclusion')
      this.#parseExclusion(path, parents)
    }
  }

  #parseInclusion(path: string, parents: readonly string[]): void {
    if (path.endsWith('.$')) {
      this.#parsePositional(path, parents)
    } else {
      this.#add(path, parents, { kind: 'named' })
      if (isWholeId(path, parents)) {
        this.#id = 'included'
        return
      }
    }
    if (this.#kind === 'exclusion') {
      throw new CommandError('Location31253', `Cannot do inclusion on field ${path} in exclusion projection`)
    }
    this.#kind = 'inclusion'
  }

  #parsePositional(path: string, parents: readonly string[]): void {
    if (this.#after.some(({ kind }) => kind === 'positional')) {
      throw new CommandError('Location31276', 'Cannot specify more than one positional projection per query.')
    }
    if (this.#hasElemMatch) {
      throw new CommandError('Location31256', 'Cannot specify positional operator and $elemMatch.')
    }
    if (!this.#rules.hasFilter) {
      throw new CommandError('Location51050', 'Projections with a positional operator require a matcher')
    }
    if (path === '.$') throw new CommandError('Location5392900', `Projection on field ${path} is invalid`)
    const names = this.#add(path.slice(0, -2), parents, { kind: 'named' })
    this.#after.push({ kind: 'positional', path: names })
  }

  #parseExclusion(path: string, parents: readonly string[]): void {
    this.#add(path, parents, { kind: 'named' })
    if (isWholeId(path, parents)) {
      this.#id = 'excluded'
      return
    }
    if (this.#kind === 'inclusion') {
      throw new CommandError('Location31254', `Cannot do exclusion on field ${path} in inclusion projection`)
    }
    this.#kind = 'exclusion'
  }

  #parseLiteral(path: string, value: Value, parents: readonly string[]): void {
    this.#add(path, parents, this.#compute(value))
    if (this.#kind === 'exclusion') {
      throw new CommandError('Location31310', `Cannot use an expression ${show(value)} in an exclusion projection`)
    }
    this.#kind = 'inclusion'
  }

  /** An expression, one of find's own operators, or the fields below `path`. */
  #parseDocument(path: string, value: Value, parents: readonly string[]): void {
    if (isEmpty(value)) throw new CommandError('Location51270', `Invalid empty sub-projection: ${path}`)
    const [name, argument] = firstElement(value) ?? ['', value]
    const names = pathNames(path)
    if (name.startsWith('$') && elementCount(value) === 1) {
      if (this.#parseOperator(path, { value, name, argument }, parents)) return
      if (!isReferenceName(name)) throw new CommandError('Location31325', `Unknown expression ${name}`)
    }
    if (!isTree(this.#find(names, parents))) this.#add(path, parents, { kind: 'tree', tree: new Map() })
    for (const [below, field] of elementsOf(value)) this.#parseElement(below, field, [...parents, ...names])
  }

  /** Whether `{ name: argument }` is an operator. */
  #parseOperator(
    path: string,
    { value, name, argument }: { value: Value; name: string; argument: Value },
    parents: readonly string[],
  ): boolean {
    if (name === '$elemMatch') {
      this.#parseElemMatch(path, { value, argument }, parents)
      return true
    }
    if (name === '$slice' && this.#rules.of === 'find') {
      this.#parseSlice(path, { value, argument }, parents)
      return true
    }
    if (!isExpressionOperator(name)) return false
    this.#parseExpression(path, value, parents)
    return true
  }

  #parseExpression(path: string, value: Value, parents: readonly string[]): void {
    if (this.#kind === 'exclusion') {
      throw new CommandError('Location31252', 'Cannot use expression other than $meta in exclusion projection')
    }
    this.#kind = 'inclusion'
    this.#add(path, parents, this.#compute(value))
  }

  #compute(value: Value): ProjectionField {
    const { collation, variableNames, pace } = this.#rules.options
    return { kind: 'computed', evaluate: compileExpression(value, { collation, variables: variableNames, pace }) }
  }

  #parseElemMatch(
    path: string,
    { value, argument }: { value: Value; argument: Value },
    parents: readonly string[],
  ): void {
    if (this.#rules.of === 'aggregate') {
      throw new CommandError('InvalidPipelineOperator', 'Cannot use $elemMatch in this context')
    }
    if (!isDocument(argument)) {
      const found = typeName(argument)
      throw new CommandError('Location31274', `elemMatch: Invalid argument, object required, but got ${found}`)
    }
    if (this.#after.some(({ kind }) => kind === 'positional')) {
      throw new CommandError('Location31255', 'Cannot specify positional operator and $elemMatch.')
    }
    if (parents.length > 0 || path.includes('.')) {
      throw new CommandError('Location31275', 'Cannot use $elemMatch projection on a nested field.')
    }
    this.#add(path, parents, { kind: 'elemMatch', condition: documentOf([[path, value]]) })
    this.#hasElemMatch = true
  }

  /** find's `{ $slice: count }` and `{ $slice: [skip, count] }`; what is neither may be the expression. */
  #parseSlice(path: string, { value, argument }: { value: Value; argument: Value }, parents: readonly string[]): void {
    const slice = parseSliceArgument(argument)
    if (!(slice instanceof CommandError)) {
      const names = this.#add(path, parents, { kind: 'kept' })
      this.#after.push({ kind: 'slice', path: names, ...slice })
      return
    }
    try {
      this.#parseExpression(path, value, parents)
    } catch (cause) {
      if (!(cause instanceof CommandError)) throw cause
      throw new CommandError(
        cause.codeName,
        `Invalid $slice syntax. The given syntax ${show(value)} did not match the find() syntax because :: ` +
          `${slice.codeName}: ${slice.message} :: The given syntax did not match the expression $slice syntax. :: ` +
          `caused by :: ${cause.message}`,
        { cause },
      )
    }
  }

  #find(names: readonly string[], parents: readonly string[]): ProjectionField | undefined {
    let tree = this.#root
    let field: ProjectionField | undefined
    for (const name of [...parents, ...names]) {
      field = tree.get(name)
      if (!isTree(field)) return field
      tree = field.tree
    }
    return field
  }

  /** Puts a field at its path, which must be free; gives the names of the path. */
  #add(path: string, parents: readonly string[], field: ProjectionField): readonly string[] {
    const names = pathNames(path)
    const parent = this.#find(parents, [])
    let tree = isTree(parent) ? parent.tree : this.#root
    for (const [index, name] of names.slice(0, -1).entries()) {
      let inner = tree.get(name)
      if (inner === undefined) {
        inner = { kind: 'tree', tree: new Map() }
        tree.set(name, inner)
      }
      if (!isTree(inner)) {
        const rest = names.slice(index + 1).join('.')
        throw new CommandError('Location31249', `Path collision at ${path} remaining portion ${rest}`)
      }
      tree = inner.tree
    }
    const last = names.at(-1) ?? ''
    if (tree.has(last)) throw new CommandError('Location31250', `Path collision at ${path}`)
    tree.set(last, field)
    return [...parents, ...names]
  }
}

const isTree = (field: ProjectionField | undefined): field is Extract<ProjectionField, { kind: 'tree' }> =>
  field?.kind === 'tree'

const isWholeId = (path: string, parents: readonly string[]): boolean => path === '_id' && parents.length === 0

/** What says yes or no: a boolean or a number. */
const isFlag = (value: Value): boolean => value.type === BsonType.bool || isNumber(value)

function pathNames(path: string): string[] {
  if (path === '') throw new CommandError('Location40352', 'FieldPath cannot be constructed with empty string')
  if (path.endsWith('.')) throw new CommandError('Location40353', "FieldPath must not end with a '.'.")
  const names = path.split('.')
  for (const name of names) if (!isReferenceName(name)) requireFieldName(name)
  return names
}

function parseSliceArgument(argument: Value): { skip?: number; limit: number } | CommandError {
  if (argument.type !== BsonType.array) {
    if (isNumber(argument)) return { limit: nearestInt32(argument) }
    return new CommandError('Location31273', '$slice only supports numbers and [skip, limit] arrays')
  }
  const [skip, limit, ...others] = itemsOf(argument)
  if (skip === undefined || limit === undefined || others.length > 0) {
    return new CommandError('Location31272', '$slice array argument should be of form [skip, limit]')
  }
  if (!isNumber(skip)) {
    return new CommandError('Location31257', `$slice expects the skip argument to be a number, got ${typeName(skip)}`)
  }
  if (!isNumber(limit)) {
    return new CommandError('Location31258', `$slice expects the limit argument to be a number, got ${typeName(limit)}`)
  }
  const count = nearestInt32(limit)
  if (count <= 0) return new CommandError('Location31259', `$slice limit must be positive, got ${count}`)
  return { skip: nearestInt32(skip), limit: count }
}

/** Without its fraction; what is too large becomes the largest, NaN zero. */
const nearestInt32 = (number: Value): number =>
  Math.min(Math.max(Math.trunc(toNearestDouble(number)) || 0, -(2 ** 31)), 2 ** 31 - 1)
