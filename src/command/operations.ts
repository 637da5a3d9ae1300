/** The commands that are running: each can be interrupted, by its client, its deadline, or somebody else. */
import type { Env, Timer } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import type { RetryableWrite } from '../collection/retry.ts'
import type { TransactionId } from '../oplog/entry.ts'
import { sessionKeyOf } from '../session/sessions.ts'
import type { TransactionHandle } from '../session/transaction.ts'
import type { Client, CommandRequest, Operation, Reply } from './operation.ts'

export interface OperationSpec {
  readonly request: CommandRequest
  readonly client: Client
  readonly lsid: Uint8Array | undefined
  readonly retryable: RetryableWrite | undefined
  readonly transactionId: TransactionId | undefined
  readonly maxTimeMs: number | undefined
  /** Milliseconds from now after which the operation fails; undefined for never. */
  readonly deadlineMs: number | undefined
  readonly apiStrict: boolean
  readonly apiParameters: string
  readonly readConcernLevel: string | undefined
  readonly exhaustAllowed: boolean
}

/** One command while it runs. Between two replies of an exhaust command it does not. */
export class RunningOperation implements Operation {
  readonly id: number
  /** Among the running ones; undefined when it is none of them. */
  place: number | undefined = undefined
  readonly request: CommandRequest
  readonly client: Client
  readonly lsid: Uint8Array | undefined
  readonly retryable: RetryableWrite | undefined
  readonly transactionId: TransactionId | undefined
  transaction: TransactionHandle | undefined
  atClusterTime: bigint | undefined
  readonly maxTimeMs: number | undefined
  readonly apiStrict: boolean
  readonly apiParameters: string
  readonly readConcernLevel: string | undefined
  readonly exhaustAllowed: boolean
  /** On the monotonic clock. */
  readonly startedMs: number
  isChangeStream = false
  awaitsNews = false
  repeat: (() => Reply | Promise<Reply>) | undefined
  readonly #env: Env
  #deadlineMs: number | undefined
  #interruption: CommandError | undefined
  // Most commands never wait, so the signal and what feeds it are made when somebody asks for it.
  #abort: AbortController | undefined
  #timer: Timer | undefined
  readonly #abortNow = (): void => {
    this.#abort?.abort(this.interruption)
  }

  constructor(id: number, env: Env, spec: OperationSpec) {
    this.id = id
    this.#env = env
    this.request = spec.request
    this.client = spec.client
    this.lsid = spec.lsid
    this.retryable = spec.retryable
    this.transactionId = spec.transactionId
    this.maxTimeMs = spec.maxTimeMs
    this.apiStrict = spec.apiStrict
    this.apiParameters = spec.apiParameters
    this.readConcernLevel = spec.readConcernLevel
    this.exhaustAllowed = spec.exhaustAllowed
    this.startedMs = env.monotonicMs()
    this.#deadlineMs = spec.deadlineMs === undefined ? undefined : this.startedMs + spec.deadlineMs
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.interruption !== undefined) this.#abortNow()
      else {
        this.client.signal.addEventListener('abort', this.#abortNow)
        this.#watchDeadline()
      }
    }
    return this.#abort.signal
  }

  #watchDeadline(): void {
    if (this.#deadlineMs === undefined) return
    // A timer may fire a little early by the clock that is asked here, hence once more.
    const waitMs = Math.max(0, this.#deadlineMs - this.#env.monotonicMs())
    this.#timer = this.#env.after(waitMs, () => {
      if (this.interruption === undefined) this.#watchDeadline()
      else this.#abortNow()
    })
  }

  /** Why it has to stop; undefined when it may go on. */
  get interruption(): CommandError | undefined {
    if (this.#interruption === undefined) {
      if (this.client.signal.aborted) {
        this.#interruption = new CommandError('ClientDisconnect', 'operation was interrupted: its client is gone')
      } else if (this.#deadlineMs !== undefined && this.#env.monotonicMs() >= this.#deadlineMs) {
        this.#interruption = new CommandError('MaxTimeMSExpired', 'operation exceeded time limit')
      }
    }
    return this.#interruption
  }

  check(): void {
    const { interruption } = this
    if (interruption !== undefined) throw interruption
  }

  /** Makes it stop with this error as soon as it looks. The first interruption stays. */
  interrupt(error: CommandError): void {
    this.#interruption ??= error
    this.#abortNow()
  }

  /** It has its reply, or will never have one. A reply that is repeated has no deadline. */
  rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#deadlineMs = undefined
    if (this.#abort !== undefined) this.client.signal.removeEventListener('abort', this.#abortNow)
    this.#abort = undefined
  }
}

/** The running ones of a process. */
export class Operations {
  readonly #env: Env
  /** In no order, each at its place: what every command goes through has to cost little. */
  readonly #running: RunningOperation[] = []
  #lastId = 0

  constructor(env: Env) {
    this.#env = env
  }

  get count(): number {
    return this.#running.length
  }

  /** Oldest first. */
  get running(): readonly RunningOperation[] {
    return this.#running.toSorted((a, b) => a.id - b.id)
  }

  begin(spec: OperationSpec): RunningOperation {
    const operation = new RunningOperation(++this.#lastId, this.#env, spec)
    this.resume(operation)
    return operation
  }

  /** It runs on, for its next reply. */
  resume(operation: RunningOperation): void {
    operation.place = this.#running.length
    this.#running.push(operation)
  }

  /** Harmless when it has ended. */
  end(operation: RunningOperation): void {
    const { place } = operation
    if (place === undefined) return
    const last = this.#running.pop() as RunningOperation
    if (last !== operation) {
      this.#running[place] = last
      last.place = place
    }
    operation.place = undefined
    operation.rest()
  }

  /** False when there is no such operation. */
  interrupt(id: number, error: CommandError): boolean {
    const operation = this.#running.find(running => running.id === id)
    operation?.interrupt(error)
    return operation !== undefined
  }

  /** Interrupts those that carry this lsid, `except` the one that asks. */
  interruptSession(lsid: Uint8Array, error: CommandError, except?: Operation): void {
    const key = sessionKeyOf(lsid)
    for (const operation of this.running) {
      if (operation.lsid === undefined || operation === except) continue
      if (sessionKeyOf(operation.lsid) === key) operation.interrupt(error)
    }
  }

  /** Interrupts those that carry any lsid, `except` the one that asks. */
  interruptSessions(error: CommandError, except?: Operation): void {
    for (const operation of this.running) {
      if (operation.lsid !== undefined && operation !== except) operation.interrupt(error)
    }
  }

  /** Interrupts those that only wait for news: what nobody waits for when the server stops. */
  interruptWaiting(error: CommandError): void {
    for (const operation of this.running) if (operation.awaitsNews) operation.interrupt(error)
  }
}
