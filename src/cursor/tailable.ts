/** A cursor that stays open at the end of what it reads, and gives what comes later. */
import type { Env } from '../base/env.ts'
import type { Pace } from '../base/pace.ts'
import { BatchDocuments, type CursorSource } from './source.ts'

/** What a tailable cursor follows. */
export interface Tail {
  /** At which it reads: for whoever asks. */
  readonly pace: Pace
  /** The next piece. `goesOn`: more is there already. `isOver`: nothing will ever follow. */
  read(): Promise<{ readonly documents: readonly Uint8Array[]; readonly goesOn: boolean; readonly isOver: boolean }>
  /** Resolves when there may be more behind the end, after `waitMs`, or when `signal` fires. */
  awaitMore(options: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<void>
}

export interface TailableOptions {
  /** Whether a getMore at the end waits for a document; else it answers with none at once. */
  readonly awaitsData: boolean
}

export function tailableSource(env: Env, tail: Tail, { awaitsData }: TailableOptions): CursorSource {
  let ahead: readonly Uint8Array[] = []
  let taken = 0
  let isOver = false
  return {
    awaitsData,
    isTailable: true,
    async next({ countMax, waitMs, signal, check }) {
      tail.pace.serve(check)
      const beganMs = env.monotonicMs()
      const batch = new BatchDocuments(countMax)
      while (!batch.isFull) {
        const document = ahead[taken]
        if (document !== undefined) {
          if (!batch.add(document)) break
          taken++
          continue
        }
        if (isOver) break
        check()
        const piece = await tail.read()
        ahead = piece.documents
        taken = 0
        isOver = piece.isOver
        if (piece.goesOn || isOver || ahead.length > 0) continue
        const leftMs = waitMs - (env.monotonicMs() - beganMs)
        if (!batch.isEmpty || !awaitsData || leftMs <= 0 || signal.aborted) break
        await tail.awaitMore({ waitMs: leftMs, signal })
      }
      return { documents: batch.documents, exhausted: isOver && taken === ahead.length }
    },
    close() {
      ahead = []
      taken = 0
      isOver = true
    },
  }
}
