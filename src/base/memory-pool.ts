/**
 * What reads hold in memory together: those that run, and those of cursors that wait to be asked again. Each alone keeps to limits of
 * its own; it is their number that could take the process down.
 */
import { CommandError } from './errors.ts'

export class MemoryPool {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** What is held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether it is half used up: who can do with less takes less. */
  get isScarce(): boolean {
    return this.#bytes * 2 > this.#bytesMax
  }

  /** @throws CommandError QueryExceededMemoryLimitNoDiskUseAllowed, and nothing is taken, when all would then hold too much. */
  take(holder: string, bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new CommandError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Exceeded memory limit for ${holder}: all queries and cursors together may hold ${this.#bytesMax} bytes`,
      )
    }
    this.#bytes += bytes
  }

  /** As `take`, for what must not be refused: the reads of a write, and small pieces. They make the memory scarce for others. */
  hold(bytes: number): void {
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
