/** Updates: an update document, replacement or pipeline compiled once into a function from a document to what it becomes. */
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { elementsOf, hasOperators } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentBytes, documentValue, isArray, isDocument, typeName } from '../bson/value.ts'
import { compileArrayFilters } from './array-filters.ts'
import { computeDiff } from './diff.ts'
import { Draft } from './draft.ts'
import * as operatorList from './operators/all.ts'
import { PathTree } from './path-tree.ts'
import { parsePath } from './path.ts'
import { hasZeroTimestamp, idFirst, replaceDocument, requireReplacement, withTimestamps } from './replacement.ts'
import { requireDepth, requireId, requireSize } from './storable.ts'
import { documentOfEqualities, idEqualities } from './upsert.ts'
import type { Value } from '../bson/value.ts'
import type { MatchOptions } from '../query/match.ts'
import type { OperatorOptions, UpdateMoment, UpdateOperator } from './operator.ts'
import type { Equality } from './upsert.ts'

export type { UpdateMoment } from './operator.ts'

export interface UpdateOptions extends MatchOptions {
  readonly arrayFilters?: readonly Value[] | undefined
  /** Compiles an update pipeline; passed in, since stages are above this folder. */
  compilePipeline(stages: Value): (document: Uint8Array) => Uint8Array
}

/** What one document becomes. `diff` is the oplog's `{ d, u, i, s… }` (the `$v: 2` form, without `$v`). */
export type Applied =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'update'; readonly after: Uint8Array; readonly diff: Uint8Array }
  | { readonly kind: 'replace'; readonly after: Uint8Array }

export interface Update {
  readonly kind: 'operators' | 'replacement' | 'pipeline'
  /** Whether a path uses the positional `$`, so that `arrayIndex` is worth finding out. */
  readonly usesPosition: boolean
  /** Pure. @throws CommandError ImmutableField when the _id would change, and what the operators refuse. */
  apply(before: Uint8Array, moment: UpdateMoment): Applied
  /**
   * The document that an upsert inserts: from the filter's equalities, the update, and $setOnInsert. It has an _id only if
   * one of those gives it, and then in front; the caller adds one otherwise.
   *
   * @throws CommandError as `apply`, and NotSingleValueField for equalities that contradict one another.
   */
  applyToMissing(equalities: readonly Equality[], moment: UpdateMoment): Uint8Array
}

const operators: ReadonlyMap<string, UpdateOperator> = new Map(
  Object.values(operatorList).map(operator => [operator.name, operator]),
)

const nothing: Applied = { kind: 'nothing' }

/**
 * `spec` is a document (operators or a replacement) or an array (a pipeline).
 *
 * @throws CommandError for what cannot be an update at all, whatever the documents are.
 */
export function compileUpdate(spec: Value, options: UpdateOptions): Update {
  if (isArray(spec)) return compilePipelineUpdate(spec, options)
  if (!isDocument(spec)) {
    const words = `Update argument must be either an object or an array, not ${typeName(spec)}`
    throw new CommandError('FailedToParse', words)
  }
  return hasOperators(spec) ? compileOperators(spec, options) : compileReplacement(spec, options)
}

function compileOperators(spec: Value, options: UpdateOptions): Update {
  const operatorOptions: OperatorOptions = { collation: options.collation, pace: options.pace }
  const tree = new PathTree(compileArrayFilters(options.arrayFilters ?? [], operatorOptions), options.pace)
  for (const [name, fields] of elementsOf(spec)) {
    const operator = requireOperator(name, fields)
    for (const [path, argument] of elementsOf(fields)) addToTree(tree, { operator, path, argument }, operatorOptions)
  }
  const [unused] = tree.identifiersUnused
  if (unused !== undefined) {
    throw new CommandError(
      'FailedToParse',
      `The array filter for identifier '${unused}' was not used in the update ${show(spec)}`,
    )
  }
  return {
    kind: 'operators',
    usesPosition: tree.usesPosition,
    apply(before, moment) {
      const draft = new Draft(before)
      tree.apply(draft.root, { ...moment, inserting: false })
      if (!draft.changed) return nothing
      const after = draft.after()
      if (sameBytes(before, after)) return nothing
      requireSize(after)
      return { kind: 'update', after, diff: draft.diff() }
    },
    applyToMissing(equalities, moment) {
      const draft = new Draft(documentOfEqualities(equalities))
      tree.apply(draft.root, { ...moment, arrayIndex: undefined, inserting: true })
      return insertable(draft.after())
    },
  }
}

function requireOperator(name: string, fields: Value): UpdateOperator {
  const operator = operators.get(name)
  if (operator === undefined) {
    throw new CommandError(
      'FailedToParse',
      `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
    )
  }
  if (!isDocument(fields)) {
    throw new CommandError(
      'FailedToParse',
      `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: ` +
        `{$mod: {<field>: ...}} not {${name}: ${show(fields)}}`,
    )
  }
  return operator
}

interface Modification {
  readonly operator: UpdateOperator
  readonly path: string
  readonly argument: Value
}

function addToTree(tree: PathTree, { operator, path: text, argument }: Modification, options: OperatorOptions): void {
  const path = parsePath(text)
  const target = operator.targetOf?.(path, argument)
  const mutate = operator.compile(path, argument, options)
  if (target !== undefined) tree.add(path, reserved)
  tree.add(target ?? path, mutate)
}

const reserved = (): void => {}

function compileReplacement(spec: Value, { arrayFilters = [] }: UpdateOptions): Update {
  if (arrayFilters.length > 0) {
    throw new CommandError('FailedToParse', 'arrayFilters may not be specified for replacement-style updates')
  }
  const written = documentBytes(spec)
  requireReplacement(written)
  const needsTime = hasZeroTimestamp(written)
  const replaced = (before: Uint8Array, { clusterTime }: UpdateMoment): Uint8Array =>
    replaceDocument(before, needsTime ? withTimestamps(written, clusterTime) : written)
  return {
    kind: 'replacement',
    usesPosition: false,
    apply(before, moment) {
      const after = replaced(before, moment)
      if (sameBytes(before, after)) return nothing
      requireSize(after)
      return { kind: 'replace', after }
    },
    applyToMissing: (equalities, moment) =>
      insertable(replaced(documentOfEqualities(idEqualities(equalities)), moment)),
  }
}

function compilePipelineUpdate(spec: Value, options: UpdateOptions): Update {
  if ((options.arrayFilters ?? []).length > 0) {
    throw new CommandError('FailedToParse', 'arrayFilters may not be specified for pipeline-style updates')
  }
  const pipeline = options.compilePipeline(spec)
  // Expressions can nest what they make as deep as they like; what comes over the wire cannot be too deep.
  const run = (before: Uint8Array): Uint8Array => {
    const after = pipeline(before)
    requireDepth(0, documentValue(after))
    return after
  }
  return {
    kind: 'pipeline',
    usesPosition: false,
    apply(before) {
      const after = replaceDocument(before, run(before))
      if (sameBytes(before, after)) return nothing
      requireSize(after)
      const diff = computeDiff(before, after)
      return diff === undefined ? { kind: 'replace', after } : { kind: 'update', after, diff }
    },
    applyToMissing(equalities) {
      const before = documentOfEqualities(equalities)
      return insertable(replaceDocument(before, run(before)))
    },
  }
}

function insertable(document: Uint8Array): Uint8Array {
  requireId(document)
  requireSize(document)
  return idFirst(document)
}
