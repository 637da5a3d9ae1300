/** What the program tells those who run it. In pino's form, so that its logger is one; cli/ decides where lines go. */
import type { Env } from './env.ts'
import { logLinesKeptMax } from './limits.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface LogLine {
  readonly severity: 'I' | 'W' | 'E'
  readonly wallMs: number
  readonly message: string
  readonly fields: object
}

/** Passes each line on and keeps the last `logLinesKeptMax`, without the debugging ones, for getLog. */
export class KeptLog implements Log {
  readonly #env: Env
  readonly #next: Log | undefined
  #lines: LogLine[] = []
  #count = 0

  /** Without `next`, lines are only kept. */
  constructor(env: Env, next?: Log) {
    this.#env = env
    this.#next = next
  }

  /** The last lines, oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines.slice(-logLinesKeptMax)
  }

  /** Lines ever written. */
  get count(): number {
    return this.#count
  }

  debug(fields: object, message: string): void {
    this.#next?.debug(fields, message)
  }

  info(fields: object, message: string): void {
    this.#keep('I', fields, message)
    this.#next?.info(fields, message)
  }

  warn(fields: object, message: string): void {
    this.#keep('W', fields, message)
    this.#next?.warn(fields, message)
  }

  error(fields: object, message: string): void {
    this.#keep('E', fields, message)
    this.#next?.error(fields, message)
  }

  #keep(severity: LogLine['severity'], fields: object, message: string): void {
    this.#count++
    this.#lines.push({ severity, wallMs: this.#env.wallMs(), message, fields })
    // Cut rarely, so that a line costs no copy of all the others.
    if (this.#lines.length >= logLinesKeptMax * 2) this.#lines = this.#lines.slice(-logLinesKeptMax)
  }
}
