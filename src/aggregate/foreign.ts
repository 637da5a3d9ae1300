/** Documents of other collections, for stages that read them. */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { firstElement } from '../bson/reader.ts'
import { isDocument, type Value } from '../bson/value.ts'
import type { Run, StageOptions } from './stage.ts'

export interface ForeignPipeline {
  /** A collection or a view of the same database; undefined where the stages make their documents themselves. */
  readonly coll: string | undefined
  readonly stages: readonly Value[]
  /** The stages, compiled. */
  readonly run: Run
}

/** The documents of a pipeline over another collection. `options` are those of the stage that it stands in. */
export function foreignDocuments(
  options: StageOptions,
  { coll, stages, run }: ForeignPipeline,
  pace: Pace,
): AsyncIterable<Uint8Array> {
  if (coll === undefined) return run(none(), pace)
  const depth = (options.depth ?? 0) + 1
  return must(options.foreign, 'a reader of other collections').read(coll, stages, { ...options, depth }, pace)
}

/** Refuses a pipeline that neither reads a collection nor makes documents, or does both. @throws CommandError FailedToParse. */
export function requireSourceStage(stageName: string, coll: string | undefined, [first]: readonly Value[]): void {
  const makes = isDocument(first) && firstElement(first)?.[0] === '$documents'
  if ((coll === undefined) === makes) return
  throw new CommandError(
    'FailedToParse',
    `${stageName} either names a collection or has a pipeline that begins with $documents`,
  )
}

async function* none(): AsyncGenerator<Uint8Array> {}
