/** What one blocking stage holds in memory, counted, so that no query can take the process down. */
import { CommandError } from '../base/errors.ts'
import { blockingStageBytesMax } from '../base/limits.ts'
import type { MemoryPool } from '../base/memory-pool.ts'
import { ownedValue } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { StageOptions } from './stage.ts'

/** About what V8 takes for one Value and the buffer it lies in, beside the bytes themselves. */
export const valueBytesOverhead = 160

export class MemoryBudget {
  readonly #holder: string
  readonly #bytesMax: number
  readonly #pool: MemoryPool | undefined
  #bytes = 0

  /** `holder` is the stage that a refusal names. */
  constructor(
    holder: string,
    { memoryBytesMax = blockingStageBytesMax, memoryPool }: Pick<StageOptions, 'memoryBytesMax' | 'memoryPool'>,
  ) {
    this.#holder = holder
    this.#bytesMax = memoryBytesMax
    this.#pool = memoryPool
  }

  /** @throws CommandError QueryExceededMemoryLimitNoDiskUseAllowed when the stage would then hold too much. */
  take(bytes: number): void {
    this.#pool?.take(this.#holder, bytes)
    this.#bytes += bytes
    if (this.#bytes > this.#bytesMax) {
      throw new CommandError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Exceeded memory limit for ${this.#holder}: it may hold ${this.#bytesMax} bytes, and does not use the disk`,
      )
    }
  }

  give(bytes: number): void {
    this.#pool?.give(bytes)
    this.#bytes -= bytes
  }

  /** Nothing is held any more. */
  release(): void {
    this.give(this.#bytes)
  }

  /** A copy of `value` that outlives the buffer it lies in. */
  keep(value: Value): Value {
    this.take(value.end - value.start + valueBytesOverhead)
    return ownedValue(value)
  }

  /** `value`, which came from `keep`, is no longer held. */
  drop(value: Value): void {
    this.give(value.end - value.start + valueBytesOverhead)
  }
}
