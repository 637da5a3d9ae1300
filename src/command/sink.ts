/**
 * The contract of a pipeline's last stage that writes what it is given: command/sinks/ has one file for each. The names are known to
 * aggregate/stage-names.ts, so that they are refused where they may not stand.
 */
import type { Value } from '../bson/value.ts'
import type { Namespace } from '../collection/namespace.ts'
import type { CommandContext } from './command.ts'
import type { CompileContext } from './compile.ts'

/** What the stage is given beside its own words. */
export interface SinkContext {
  /** The database of the aggregation. */
  readonly db: string
  readonly context: CommandContext
  readonly compile: CompileContext
  readonly bypassesValidation: boolean
}

/** A stage that was found to be right, before anything is read. */
export interface OpenedSink {
  readonly target: Namespace
  /** Takes all documents. */
  write(documents: AsyncIterable<Uint8Array>): Promise<void>
}

export interface Sink {
  /** As users write it: `$out`. */
  readonly name: string
  /** `spec` is what stands behind the name. @throws CommandError for a wrong one and for a target that cannot be written. */
  open(spec: Value, around: SinkContext): Promise<OpenedSink>
}

/** Documents in pieces that one write takes. `check` throws when the work is to stop. */
export async function* batchesOf(
  documents: AsyncIterable<Uint8Array>,
  { countMax, bytesMax, check }: { readonly countMax: number; readonly bytesMax: number; check(): void },
): AsyncGenerator<readonly Uint8Array[]> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for await (const document of documents) {
    if (batch.length === countMax || (batch.length > 0 && bytes + document.length > bytesMax)) {
      check()
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(document)
    bytes += document.length
  }
  check()
  if (batch.length > 0) yield batch
}
