/** Update and delete statements: from a command's document to something that collection/modify.ts can run. */
import { CommandError } from '../base/errors.ts'
import { unpackBucket, type BucketFields } from '../bson/bucket.ts'
import { itemsOf } from '../bson/reader.ts'
import { BsonType, documentValue, type Value } from '../bson/value.ts'
import { compileUpdatePipeline } from '../aggregate/pipeline.ts'
import { requireUserCollection } from '../collection/create.ts'
import type { WriteError } from '../collection/insert.ts'
import type { Outcome, Statement, UpdateStatement } from '../collection/modify.ts'
import type { Namespace } from '../collection/namespace.ts'
import { compileSelection, type Selection } from '../collection/read.ts'
import { requireCollectionName } from '../collection/namespace.ts'
import { compileMatch, compileMatchedIndex } from '../query/match.ts'
import { compileSort } from '../query/sort.ts'
import { compileUpdate } from '../update/update.ts'
import type { CommandContext } from './command.ts'
import { compileContext, type CompileContext } from './compile.ts'

/** What the statements of one command share. */
export interface StatementFrame {
  readonly namespace: Namespace
  /** Set where the documents of that collection are buckets, and the statement means the measurements in them. */
  readonly buckets?: BucketFields | undefined
  readonly bypassDocumentValidation: boolean
  /** The command's `let`. */
  readonly let: Value | undefined
}

export interface FilterParts {
  readonly filter: Value
  readonly collation: Value | undefined
  readonly sort?: Value | undefined
  readonly stmtId: number
  readonly keepsValue?: Statement['keepsValue']
}

export interface UpdateParts extends FilterParts {
  readonly update: Value
  readonly upsert: boolean
  readonly multi: boolean
  readonly arrayFilters: Value | undefined
}

/** @throws CommandError for a filter or a sort that is none. */
export function compileStatement(context: CommandContext, frame: StatementFrame, parts: FilterParts): Statement {
  requireCollectionName(frame.namespace)
  if (frame.buckets === undefined) requireUserCollection(frame.namespace)
  const compile = compileContext(context, { collation: parts.collation, let: frame.let })
  return {
    namespace: frame.namespace,
    selection:
      frame.buckets === undefined
        ? compileSelection(parts.filter, compile)
        : selectBuckets(parts.filter, frame.buckets, compile),
    sort: parts.sort && compileSort(parts.sort, compile.collation),
    pace: compile.pace,
    bypassesValidation: frame.bypassDocumentValidation,
    retryable: context.operation.retryable,
    stmtId: parts.stmtId,
    keepsValue: parts.keepsValue,
  }
}

/** The buckets whose measurements match. An _id in the filter is that of a measurement, and no key. */
function selectBuckets(filter: Value, buckets: BucketFields, compile: CompileContext): Selection {
  const match = compileMatch(filter, compile)
  return { filter, match: bucket => match(unpackBucket(bucket, buckets)), ids: undefined }
}

/** @throws CommandError for what the update may not be. */
export function compileUpdateStatement(
  context: CommandContext,
  frame: StatementFrame,
  parts: UpdateParts,
): UpdateStatement {
  const { filter, update: spec } = parts
  const statement = compileStatement(context, frame, parts)
  const compile = compileContext(context, { collation: parts.collation, let: frame.let })
  if (spec.type !== BsonType.document && spec.type !== BsonType.array) {
    throw new CommandError('FailedToParse', 'Update argument must be either an object or an array')
  }
  const update = compileUpdate(spec, {
    ...compile,
    arrayFilters: parts.arrayFilters && itemsOf(parts.arrayFilters),
    compilePipeline: stages => compileUpdatePipeline(stages, compile),
  })
  if (update.kind === 'replacement' && parts.multi) {
    throw new CommandError('FailedToParse', 'multi update is not supported for replacement-style update')
  }
  if (update.kind !== 'operators' && parts.arrayFilters !== undefined) {
    throw new CommandError(
      'FailedToParse',
      'arrayFilters may not be specified for replacement-style or pipeline updates',
    )
  }
  const matchedIndex = update.usesPosition ? compileMatchedIndex(filter, compile) : () => undefined
  return { ...statement, update, upsert: parts.upsert, matchedIndex }
}

/**
 * Runs statements one after another; a refused one is an error of its own.
 *
 * @throws what is not a refusal: the whole command fails.
 */
export async function runStatements<T>(
  statements: readonly T[],
  { ordered }: { readonly ordered: boolean },
  run: (statement: T, index: number) => Promise<Outcome>,
): Promise<{ outcomes: { index: number; outcome: Outcome }[]; writeErrors: WriteError[] }> {
  const outcomes: { index: number; outcome: Outcome }[] = []
  const writeErrors: WriteError[] = []
  for (const [index, statement] of statements.entries()) {
    try {
      outcomes.push({ index, outcome: await run(statement, index) })
    } catch (error) {
      if (!(error instanceof CommandError) || interrupts(error)) throw error
      writeErrors.push({ index, error })
      if (ordered) break
    }
  }
  return { outcomes, writeErrors }
}

/** Errors about the command's running and not about a statement. */
const interrupts = ({ codeName }: CommandError): boolean =>
  codeName === 'MaxTimeMSExpired' ||
  codeName === 'Interrupted' ||
  codeName === 'ClientDisconnect' ||
  codeName === 'TransactionTooOld' ||
  endsTransaction.has(codeName)

/** Errors that end the transaction around the statement, or that say that it is over. */
const endsTransaction: ReadonlySet<string> = new Set([
  'WriteConflict',
  'TransactionTooLarge',
  'NoSuchTransaction',
  'TransactionCommitted',
  'TransactionExceededLifetimeLimitSeconds',
])

/** Statement numbers that an earlier try had done; undefined for none. */
export function retriedStmtIds(outcomes: readonly { index: number; outcome: Outcome }[]): number[] | undefined {
  const retried = outcomes.filter(({ outcome }) => outcome.isRetried).map(({ index }) => index)
  return retried.length > 0 ? retried : undefined
}

/** `{}`, for a filter that was not given. */
export const emptyFilter: Value = documentValue(Uint8Array.of(5, 0, 0, 0, 0))
