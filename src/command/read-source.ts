/** Where the documents of a read come from: a collection, or a pipeline of views over one. */
import { compilePipeline } from '../aggregate/pipeline.ts'
import { parseStage } from '../aggregate/stage-names.ts'
import type { ForeignReader, StageOptions } from '../aggregate/stage.ts'
import { CommandError } from '../base/errors.ts'
import { isSameCollation } from '../bson/collation.ts'
import { documentOf } from '../bson/encode.ts'
import { isEmpty } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import { defaultCollation } from '../collection/default-collation.ts'
import { showNamespace, type Namespace } from '../collection/namespace.ts'
import { runQuery } from '../collection/query.ts'
import { compileSelection, everything, readDocuments } from '../collection/read.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import { resolveView } from '../collection/views.ts'
import type { Sort } from '../query/sort.ts'
import type { CompileContext } from './compile.ts'

export interface ReadSource {
  /** The collection that is read, which need not be there. */
  readonly namespace: Namespace
  /** The stages of the views in front of it; undefined when there is no view, so that the collection can be asked itself. */
  readonly pipeline: readonly Value[] | undefined
  /** With what strings are compared; undefined for their bytes. */
  readonly collation: Value | undefined
}

/**
 * What a read of `namespace` reads. `given` is the command's own collation.
 *
 * @throws CommandError OptionNotSupportedOnView when a view has another collation.
 */
export async function findReadSource(
  store: Store,
  namespace: Namespace,
  given: Value | undefined,
): Promise<ReadSource> {
  const collation = given === undefined || isEmpty(given) ? undefined : given
  const resolved = await withSnapshot(store, snapshot => resolveView(snapshot, store.catalog, namespace))
  if (resolved === undefined) {
    return { namespace, pipeline: undefined, collation: collation ?? (await defaultCollation(store, namespace)) }
  }
  const { view, source, pipeline } = resolved
  // Only a view's own collation is part of what it is; a time-series collection can be read with any.
  if (collation !== undefined && !view.isTimeSeries && !isSameCollation(collation, view.collation)) {
    throw new CommandError('OptionNotSupportedOnView', "Cannot override a view's default collation")
  }
  return { namespace: source, pipeline, collation: collation ?? view.collation }
}

/**
 * The documents that `stages` make of the collection's, or of the views' over it. `natural` is the order in which the collection
 * is read.
 */
export function runPipeline(
  store: Store,
  { namespace, pipeline: views = [] }: ReadSource,
  stages: readonly Value[],
  given: StageOptions & Pick<CompileContext, 'pace'>,
  natural?: Sort,
): AsyncIterable<Uint8Array> {
  const pipeline = [...views, ...stages]
  const compile = { ...given, foreign: foreignIn(store, namespace.db) }
  // Compiled whole before a leading $match becomes the query, so that refusals are the same.
  const run = compilePipeline(pipeline, compile)
  const read = (selection = everything) =>
    runQuery(store, namespace, { selection, sort: natural, skip: 0, limit: Infinity, project: same }, compile.pace)
  const [first] = pipeline.slice(0, 1).map(parseStage)
  if (first?.name !== '$match') return run(read(), compile.pace)
  return compilePipeline(pipeline.slice(1), compile)(read(compileSelection(first.spec, compile)), compile.pace)
}

/** What reads other collections of the database `db`, for stages that do. */
export function foreignIn(store: Store, db: string): ForeignReader {
  return {
    async *read(coll, stages, options, pace) {
      const source = await findReadSource(store, { db, coll }, options.collation?.spec)
      if (source.pipeline !== undefined && !isSameCollation(source.collation, options.collation?.spec)) {
        throw new CommandError(
          'OptionNotSupportedOnView',
          `Cannot override the default collation of the view ${showNamespace({ db, coll })}`,
        )
      }
      yield* runPipeline(store, source, stages, { ...options, pace })
    },
  }
}

const same = (document: Uint8Array): Uint8Array => document

/** `{ name: spec }` */
export const stageOf = (name: string, spec: Value): Value => documentOf([[name, spec]])

/** The documents of a collection, or of views over it, that match a filter. */
export function readMatching(
  store: Store,
  source: ReadSource,
  filter: Value,
  compile: CompileContext,
): AsyncIterable<{ readonly document: Uint8Array }> {
  if (source.pipeline === undefined) {
    return readDocuments(store, source.namespace, compileSelection(filter, compile), compile)
  }
  return located(runPipeline(store, source, [stageOf('$match', filter)], compile))
}

async function* located(documents: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly document: Uint8Array }> {
  for await (const document of documents) yield { document }
}
