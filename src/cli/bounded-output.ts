/**
 * Lines into a stream that may take them slower than they come, or not at all: a pipe whose reader sleeps. What waits is bounded in
 * bytes; lines beyond that are dropped and counted. Whoever writes never waits. A stream that breaks takes nothing more, and
 * nobody is told, since this is where it would be told.
 *
 * A pipe and a socket are written without waiting; a file and a terminal are written at once, by the system's own rules.
 */
import type { Writable } from 'node:stream'
import type { Env } from '../base/env.ts'

export interface BoundedOutputOptions {
  readonly bytesMax: number
  readonly env: Env
  /** There is room again, after so many lines were dropped. */
  readonly onRoom: (droppedCount: number) => void
}

export class BoundedOutput {
  readonly #stream: Writable
  readonly #options: BoundedOutputOptions
  #droppedCount = 0
  #isBroken = false

  constructor(stream: Writable, options: BoundedOutputOptions) {
    this.#stream = stream
    this.#options = options
    stream.on('error', () => {
      this.#isBroken = true
    })
  }

  /** `line` with its end. */
  write(line: string): void {
    if (this.#isBroken) return
    if (this.#stream.writableLength + Buffer.byteLength(line) <= this.#options.bytesMax) this.#stream.write(line)
    else if (this.#droppedCount++ === 0) this.#tellWhenTaken()
  }

  /** Nothing, behind all that waits. (A stream says that it has room again only when more waited than it thinks right.) */
  #tellWhenTaken(): void {
    this.#stream.write('', error => {
      const count = this.#droppedCount
      this.#droppedCount = 0
      if (!error) this.#options.onRoom(count)
    })
  }

  /** Waits until everything is written, at most `waitMs`. False when something is left. */
  async flush(waitMs: number): Promise<boolean> {
    if (this.#isBroken || this.#stream.writableLength === 0) return true
    await new Promise<void>(resolve => {
      const timer = this.#options.env.after(waitMs, resolve)
      // Behind all that waits; called with an error when the stream breaks.
      this.#stream.write('', () => {
        timer.cancel()
        resolve()
      })
    })
    return this.#isBroken || this.#stream.writableLength === 0
  }
}
