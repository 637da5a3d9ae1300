/**
 * The contract of a command, and what it works with. command/commands/ has one file for each.
 *
 *   bytes ──▶ server/connection.ts ──▶ dispatch.ts ──▶ Command.run ──▶ reply fields ──▶ dispatch.ts adds ok and times
 */
import type { Env } from '../base/env.ts'
import type { KeptLog } from '../base/log.ts'
import type { Maintenance } from '../collection/maintenance.ts'
import type { Store } from '../collection/store.ts'
import type { CursorRegistry } from '../cursor/registry.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Snapshots } from '../session/snapshots.ts'
import type { Transactions } from '../session/transactions.ts'
import type { Hub } from '../stream/hub.ts'
import type { Counters } from './counters.ts'
import type { FailPoints } from './fail-points.ts'
import type { Client, CommandRequest, Operation, Reply } from './operation.ts'
import type { Operations } from './operations.ts'
import type { ServerFacts } from './server-facts.ts'

export type { Client, CommandRequest, Operation, Reply } from './operation.ts'

export interface Command {
  /** As it stands in the request's first field. */
  readonly name: string
  /** Other spellings that mean the same (`ismaster`, `findandmodify`). */
  readonly aliases?: readonly string[]
  /** Whether it only runs on `admin` (Unauthorized 13 elsewhere). */
  readonly adminOnly?: boolean
  /** Whether it belongs to API version 1; with apiStrict others are refused (APIStrictError). */
  readonly inApiVersion1?: boolean
  /** Whether a `txnNumber` without a transaction may come with it (retryable writes). */
  readonly retryable?: boolean
  /** Whether it may be in a multi-document transaction, and there as the first statement or only a later one. */
  readonly transactional?: 'any statement' | 'later statement'
  /** Whether it ends a transaction. */
  readonly endsTransaction?: boolean
  /** Whether it takes `readConcern: { level: 'snapshot' }` outside of transactions. */
  readonly readsSnapshots?: boolean
  /** Whether `maxTimeMS` is how long it waits for data; for all others it is when they fail. */
  readonly waitsMaxTime?: boolean
  /** Whether it raises `counters.operations` itself, by its kind or statements; others count as `command`. */
  readonly countsItself?: boolean
  run(request: CommandRequest, context: CommandContext): Reply | Promise<Reply>
}

/** The process's one of each. Made in api/database.ts. */
export interface Services {
  readonly env: Env
  readonly store: Store
  readonly hub: Hub
  readonly cursors: CursorRegistry
  readonly sessions: Sessions
  readonly transactions: Transactions
  readonly snapshots: Snapshots
  readonly failPoints: FailPoints
  readonly facts: ServerFacts
  readonly operations: Operations
  readonly counters: Counters
  /** Those that are connected. */
  readonly clients: ReadonlySet<Client>
  readonly log: KeptLog
  readonly maintenance: Maintenance
  /** Begins to stop the server, after the reply; undefined where the server is not its own program. */
  readonly requestShutdown: (() => void) | undefined
}

/** What one running command knows besides its request. `store` is what it reads and writes: in a transaction, its overlay. */
export interface CommandContext extends Services {
  readonly client: Client
  readonly operation: Operation
  /** All commands by every name they go by. */
  readonly commands: ReadonlyMap<string, Command>
  /** The same with another store. */
  withStore(store: Store): CommandContext
}
