/** What a command is asked, by whom, and what it may know about its own running: the types that command.ts is made of. */
import type { Encodable } from '../bson/encode.ts'
import type { RetryableWrite } from '../collection/retry.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { TransactionHandle } from '../session/transaction.ts'

/** A field of a reply is whatever can be encoded; `ok`, `operationTime` and `$clusterTime` are dispatch's business. */
export type Reply = { readonly [name: string]: Encodable }

/** One request, generic arguments taken out of it. */
export interface CommandRequest {
  /** The command's name as the client spelled it. */
  readonly name: string
  readonly db: string
  /** The whole body. Read it with fields.ts, which refuses what it does not know. */
  readonly body: Uint8Array
  /** Document sequences of the message, by identifier (`documents`, `updates`, `deletes`, `ops`, `nsInfo`). */
  readonly sequences: ReadonlyMap<string, readonly Uint8Array[]>
}

/** The connection as commands see it. */
export interface Client {
  /** Counts from 1 in the process. */
  readonly connectionId: number
  /** `host:port` (or socket path) at which the client reached us: what hello calls `me`. */
  readonly reachedAt: string
  /** `host:port` of the client. */
  readonly remoteAddress: string
  /** Fires when the connection is gone. */
  readonly signal: AbortSignal
  /** The handshake's `client` document; undefined before it. */
  metadata?: Uint8Array
  /** `client.application.name` of the handshake, for fail points. */
  appName?: string
}

/** One command while it runs. */
export interface Operation {
  /** Counts from 1 in the process. */
  readonly id: number
  readonly request: CommandRequest
  /** Fires when the client is gone, the deadline has passed, or somebody killed it. */
  readonly signal: AbortSignal
  /** Throws what `signal` fired for: MaxTimeMSExpired, Interrupted or ClientDisconnect. Long work calls it often. */
  check(): void
  /** Whether the client takes several replies to this request. */
  readonly exhaustAllowed: boolean
  /** 16 bytes; undefined when the command carries no lsid. */
  readonly lsid: Uint8Array | undefined
  /** The number of a retryable write; undefined for other commands. */
  readonly retryable: RetryableWrite | undefined
  /** The multi-document transaction that the command names; undefined for commands outside of transactions. */
  readonly transactionId: TransactionId | undefined
  /** That transaction, while a command works in it: not when it ends it. */
  transaction: TransactionHandle | undefined
  /** The time of the state that a snapshot read outside of transactions sees, for its reply. */
  atClusterTime: bigint | undefined
  /** `maxTimeMS` as the client gave it; undefined or 0 for none. A getMore reads it as its time to wait. */
  readonly maxTimeMs: number | undefined
  readonly apiStrict: boolean
  /** The parameters of the versioned API that the command came with, as text; `{}` for none. */
  readonly apiParameters: string
  /** Level and afterClusterTime were checked; of interest to change streams, which take only majority. */
  readonly readConcernLevel: string | undefined
  /**
   * The command found out that it reads a change stream; set as soon as that is known, before anything can fail: from
   * then on errors are labelled for drivers, which may resume.
   */
  isChangeStream: boolean
  /** It only waits for something to tell, as an awaited hello does: a shutdown need not let it finish. */
  awaitsNews: boolean
  /**
   * Makes the next reply of an exhaust command, where `exhaustAllowed`: asked for when the one before has been sent, again
   * and again until it is set to undefined or fails.
   */
  repeat: (() => Reply | Promise<Reply>) | undefined
}
