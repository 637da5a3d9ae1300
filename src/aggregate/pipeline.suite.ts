/** What the tests of this folder share: pipelines and documents as JavaScript objects, through the official `bson` package. */
import { EJSON, deserialize, serialize } from 'bson'
import type { Document } from 'bson'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { documentValue } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { rootVariables } from '../expression/variables.ts'
import { compileChangeStreamPipeline, compilePipeline } from './pipeline.ts'
import type { StageOptions } from './stage.ts'

export const nowMs = Date.UTC(2024, 1, 29)

export const defaults: StageOptions = { variables: rootVariables({ nowMs, clusterTime: 5n }) }

export const bytesOf = (document: Document): Uint8Array => serialize(document, { ignoreUndefined: false })
export const stagesOf = (stages: readonly Document[]): Value[] => stages.map(stage => documentValue(bytesOf(stage)))
export const documentOfBytes = (bytes: Uint8Array): Document => deserialize(bytes, { promoteValues: false })

/** A document as text that tells types and the order of fields. */
export const textOf = (document: Document): string => EJSON.stringify(document, { relaxed: false })

export async function* sequence(documents: Iterable<Document>): AsyncGenerator<Uint8Array> {
  for (const document of documents) yield bytesOf(document)
}

/** What a pipeline makes of documents. */
export async function aggregate(
  stages: readonly Document[],
  documents: Iterable<Document>,
  options: Partial<StageOptions> = {},
): Promise<Document[]> {
  const run = compilePipeline(stagesOf(stages), { ...defaults, ...options })
  const results: Document[] = []
  for await (const result of run(sequence(documents), new Pace(systemEnv))) results.push(documentOfBytes(result))
  return results
}

/** What the stages behind $changeStream make of one event. */
export function applyTo(event: Document, stages: readonly Document[]): Document | undefined {
  const result = compileChangeStreamPipeline(stagesOf(stages), defaults).apply(bytesOf(event))
  return result === undefined ? undefined : documentOfBytes(result)
}
