/** Pipelines: an array of stages compiled into one transform. */
import { Bug } from '../base/assert.ts'
import type { Value } from '../bson/value.ts'
import type { StageOptions } from './stage.ts'

export type Run = (documents: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** @throws CommandError Location40324 for an unknown stage, NotImplemented for one that is not there yet. */
export function compilePipeline(_stages: readonly Value[], _options: StageOptions): Run {
  throw new Bug('not written yet')
}

/**
 * The stages behind `$changeStream`: event in, event out, undefined when it is filtered out.
 *
 * @throws CommandError IllegalOperation for a stage that may not stand there.
 */
export function compileChangeStreamPipeline(
  _stages: readonly Value[],
  _options: StageOptions,
): (event: Uint8Array) => Uint8Array | undefined {
  throw new Bug('not written yet')
}

/** An update pipeline ($addFields, $set, $project, $unset, $replaceRoot, $replaceWith). `stages` is an array. */
export function compileUpdatePipeline(_stages: Value, _options: StageOptions): (document: Uint8Array) => Uint8Array {
  throw new Bug('not written yet')
}
