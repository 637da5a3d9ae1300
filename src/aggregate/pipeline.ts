/**
 * Pipelines: an array of stages compiled into one function.
 *
 *   aggregate            compilePipeline              documents in, documents out
 *   behind $changeStream compileChangeStreamPipeline  one event in, one out or none
 *   update               compileUpdatePipeline        one document in, one out
 *
 * All names are looked at before anything is compiled, so that a misspelt stage is told as such wherever it stands.
 */
import { assert } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { pipelineDepthMax } from '../base/limits.ts'
import { isEmpty, itemsOf } from '../bson/reader.ts'
import { isDocument } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { Each, Nesting, Run, Stage, StageContext, StageOptions, Transform } from './stage.ts'
import { changeStreamName, findStage, isServed, isWriting, parseStage, splitLargeEventName } from './stage-names.ts'
import type { StageSpec } from './stage-names.ts'

/** A function of one document; undefined when it is filtered out. */
export type Apply = Each['apply']

/**
 * An ordinary pipeline, without the stage at its end that writes; no stages at all let everything through.
 *
 * @throws CommandError Location40324 for an unknown stage, NotImplemented for one that is not there yet, Location40602 and
 *   Location40601 for one that can only stand first or last, and whatever the stages refuse. What they meet in documents they refuse when it runs.
 */
export function compilePipeline(stages: readonly Value[], options: StageOptions): Run {
  const specs = stages.map(parseStage)
  const transforms = specs.map(({ name, spec }, index) =>
    requireOrdinary(name, index).compile(spec, contextOf(options)),
  )
  return chain(limitSorts(transforms))
}

function requireOrdinary(name: string, index: number): Stage {
  const stage = findStage(name)
  if (name === changeStreamName || isServed(name) || (stage?.isSource === true && index > 0)) {
    throw new CommandError('Location40602', `${name} is only valid as the first stage in a pipeline`)
  }
  if (isWriting(name)) {
    throw new CommandError('Location40601', `${name} can only be the final stage in the pipeline`)
  }
  if (name === splitLargeEventName) {
    throw new CommandError('IllegalOperation', `${name} can only be used in a $changeStream pipeline`)
  }
  if (stage === undefined) throw new CommandError('NotImplemented', `the stage ${name} is not supported yet`)
  return stage
}

const contextOf = (options: StageOptions): StageContext => ({
  ...options,
  compilePipeline: (stages, nesting) =>
    nesting === undefined ? compilePipeline(stages, options) : compileNested(stages, nesting, options),
})

function compileNested(stages: readonly Value[], { within, options: own }: Nesting, options: StageOptions): Run {
  for (const { name } of stages.map(parseStage)) requireNestable(name, within)
  const depth = (options.depth ?? 0) + 1
  if (depth > pipelineDepthMax) {
    throw new CommandError(
      'MaxSubPipelineDepthExceeded',
      `Maximum number of nested sub-pipelines exceeded. Limit is ${pipelineDepthMax}`,
    )
  }
  return compilePipeline(stages, { ...options, ...own, depth })
}

function requireNestable(name: string, within: Nesting['within']): void {
  const isOutside = name === changeStreamName || isWriting(name)
  if (within === '$facet') {
    const isAlone = isServed(name) || name === '$facet' || findStage(name)?.isSource === true
    if (!isOutside && !isAlone) return
    throw new CommandError('Location40600', `${name} is not allowed to be used within a $facet stage`)
  }
  if (!isOutside) return
  const codeName = within === '$lookup' ? 'Location51047' : 'Location31441'
  throw new CommandError(codeName, `${name} is not allowed within a ${within}'s sub-pipeline`)
}

export interface ChangeStreamPipeline {
  /** What the stages make of an event; undefined when it is filtered out. */
  readonly apply: Apply
  /** Whether $changeStreamSplitLargeEvent ends the pipeline. `apply` does nothing about it. */
  readonly splitLargeEvents: boolean
}

/**
 * The stages behind `$changeStream`, which itself is not among `stages`.
 *
 * @throws CommandError IllegalOperation for a stage that may not stand there, and as `compilePipeline`.
 */
export function compileChangeStreamPipeline(stages: readonly Value[], options: StageOptions): ChangeStreamPipeline {
  const specs = stages.map(parseStage)
  const split = specs.findIndex(({ name }) => name === splitLargeEventName)
  const transforming = split === -1 ? specs : specs.slice(0, split)
  const found = transforming.map(({ name }) => requireInChangeStream(name))
  if (split !== -1) requireSplitLast(specs, split)
  const applies = found.map((stage, index) => compileEach(stage, transforming[index] as StageSpec, options))
  return { apply: compose(applies), splitLargeEvents: split !== -1 }
}

function requireInChangeStream(name: string): Stage {
  if (name === changeStreamName) {
    throw new CommandError('Location40602', `${name} is only valid as the first stage in a pipeline`)
  }
  const stage = findStage(name)
  if (stage?.inChangeStream === true) return stage
  throw new CommandError('IllegalOperation', `${name} is not permitted in a $changeStream pipeline`)
}

function requireSplitLast(specs: readonly StageSpec[], index: number): void {
  const { name, spec } = specs[index] as StageSpec
  if (!isDocument(spec) || !isEmpty(spec)) {
    throw new CommandError('Location7182800', `${name} spec should be an empty object`)
  }
  if (index !== specs.length - 1) {
    throw new CommandError('Location7182802', `${name} must be the last stage in the pipeline`)
  }
}

/**
 * An update pipeline. `stages` is an array.
 *
 * @throws CommandError InvalidOptions for a stage that may not stand in an update, and as `compilePipeline`.
 */
export function compileUpdatePipeline(stages: Value, options: StageOptions): (document: Uint8Array) => Uint8Array {
  const specs = itemsOf(stages).map(parseStage)
  const apply = compose(specs.map(spec => compileEach(requireInUpdate(spec.name), spec, options)))
  // No stage of an update filters.
  return document => apply(document) ?? document
}

function requireInUpdate(name: string): Stage {
  const stage = findStage(name)
  if (stage?.inUpdate === true) return stage
  throw new CommandError('InvalidOptions', `${name} is not allowed to be used within an update`)
}

function compileEach(stage: Stage, { spec }: StageSpec, options: StageOptions): Apply {
  const transform = stage.compile(spec, contextOf(options))
  assert(transform.kind === 'each', `${stage.name} looks at one document at a time`)
  return transform.apply
}

/** One function for several, the first one first. */
function compose(applies: readonly Apply[]): Apply {
  const [first, second] = applies
  if (first === undefined) return document => document
  if (second === undefined) return first
  return document => {
    let current: Uint8Array | undefined = document
    for (const apply of applies) {
      current = apply(current)
      if (current === undefined) return undefined
    }
    return current
  }
}

/** One run for several transforms. Neighbours that look at one document at a time become one step: each step costs a promise. */
function chain(transforms: readonly Transform[]): Run {
  const runs: Run[] = []
  let neighbours: Apply[] = []
  const closeNeighbours = () => {
    if (neighbours.length > 0) runs.push(runOf(compose(neighbours)))
    neighbours = []
  }
  for (const transform of transforms) {
    if (transform.kind === 'each') neighbours.push(transform.apply)
    else {
      closeNeighbours()
      runs.push(transform.run)
    }
  }
  closeNeighbours()
  return (documents, pace) => runs.reduce((source, run) => run(source, pace), documents)
}

function runOf(apply: Apply): Run {
  return async function* (documents, pace) {
    for await (const document of documents) {
      const turn = pace.step()
      if (turn !== undefined) await turn
      const result = apply(document)
      if (result !== undefined) yield result
    }
  }
}

/** A sort of which only the first few are asked for holds no more than those: `$sort`, any `$skip`, `$limit`. */
function limitSorts(transforms: readonly Transform[]): Transform[] {
  return transforms.map((transform, index) => {
    if (transform.kind === 'each' || transform.limitedTo === undefined) return transform
    const count = countAsked(transforms.slice(index + 1))
    return count === undefined ? transform : transform.limitedTo(count)
  })
}

/** How many documents `following` can take at the most; undefined when that is not known. */
function countAsked(following: readonly Transform[]): number | undefined {
  let skipped = 0
  for (const transform of following) {
    if (transform.kind === 'each' || transform.cut === undefined) return undefined
    if (transform.cut.kind === 'limit') return skipped + transform.cut.count
    skipped += transform.cut.count
  }
  return undefined
}
