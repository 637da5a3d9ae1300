/**
 * What the backlogs of all streams of a process weigh together, and whose go when that is too much: those of streams that nobody
 * reads, first of them the one that has had something waiting for the longest. Its place stays; it reads the log when it is asked again.
 *
 * An event that waits in several backlogs is counted in each, although they share its bytes.
 */
/** A stream, as the budget knows it. */
export interface Holder {
  /** Lets go of what can be read again. */
  shed(): void
}

export class BacklogBudget {
  readonly bytesMax: number
  #bytes = 0
  #shedCount = 0
  /** Those that hold something and are not being read; who has held it for the longest comes first. */
  readonly #resting = new Set<Holder>()

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** Of all backlogs, those of streams that are being read among them. */
  get bytes(): number {
    return this.#bytes
  }

  /** How often a stream had to let its backlog go, so that all together fit. */
  get shedCount(): number {
    return this.#shedCount
  }

  get isSpent(): boolean {
    return this.#bytes > this.bytesMax
  }

  /** A backlog grew by so many bytes, or shrank. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Nobody reads the stream at the moment, and it holds something. One that rests already keeps its turn. */
  rest(holder: Holder): void {
    this.#resting.add(holder)
  }

  /** Somebody reads it, or it holds nothing. */
  wake(holder: Holder): void {
    this.#resting.delete(holder)
  }

  /** Makes those that rest let go until the rest fits, or none rests. */
  enforce(): void {
    if (!this.isSpent) return
    for (const holder of this.#resting) {
      this.#resting.delete(holder)
      this.#shedCount++
      holder.shed()
      if (!this.isSpent) return
    }
  }
}
