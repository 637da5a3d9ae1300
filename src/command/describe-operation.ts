/** A running command, and a connection that asks nothing, as currentOp shows them. */
import type { Env } from '../base/env.ts'
import { shortCommandBytesMax, shownCommandBytesMax, transactionLifetimeSecondsMax } from '../base/limits.ts'
import type { Encodable } from '../bson/encode.ts'
import { firstElement } from '../bson/reader.ts'
import { documentValue, isString, toText } from '../bson/value.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { SessionTransaction } from '../session/transaction.ts'
import { shortened } from './describe-cursor.ts'
import type { Client, CommandRequest } from './operation.ts'
import type { RunningOperation } from './operations.ts'
import type { ServerFacts } from './server-facts.ts'
import { showSession } from './session-commands.ts'

interface Shown {
  readonly env: Env
  readonly facts: ServerFacts
}

/** A session whose transaction is open while nothing runs in it. */
export function describeIdleSession(
  transaction: SessionTransaction,
  { env, facts }: Shown,
): { readonly [name: string]: Encodable } {
  const { id, startedWallMs, startedMs } = transaction
  return {
    type: 'idleSession',
    host: facts.host,
    desc: 'inactive transaction',
    active: false,
    lsid: showSession(id.lsid),
    transaction: {
      ...describeTransaction(id),
      startWallClockTime: new Date(startedWallMs).toISOString(),
      timeOpenMicros: BigInt(Math.floor((env.monotonicMs() - startedMs) * 1000)),
      expiryTime: new Date(startedWallMs + transactionLifetimeSecondsMax * 1000).toISOString(),
    },
    waitingForLock: false,
  }
}

const describeTransaction = ({ txnNumber }: TransactionId): { readonly [name: string]: Encodable } => ({
  parameters: { txnNumber, autocommit: false },
})

export interface OperationOptions extends Shown {
  /** Only the beginning of long commands. */
  readonly truncates: boolean
  /** The cursor that it uses, and its namespace; undefined when it uses none. */
  readonly cursor?: { readonly namespace: string; readonly described: Encodable } | undefined
}

export function describeOperation(
  operation: RunningOperation,
  { env, facts, truncates, cursor }: OperationOptions,
): { readonly [name: string]: Encodable } {
  const { request, client, lsid } = operation
  const runningMs = env.monotonicMs() - operation.startedMs
  return {
    ...describeConnection(client, { env, facts }),
    active: true,
    opid: operation.id,
    lsid: lsid && showSession(lsid),
    transaction: operation.transactionId && describeTransaction(operation.transactionId),
    secs_running: BigInt(Math.floor(runningMs / 1000)),
    microsecs_running: BigInt(Math.floor(runningMs * 1000)),
    op: kinds[request.name] ?? 'command',
    ns: cursor?.namespace ?? namespaceOf(request),
    command: shortened(request.body, truncates ? shortCommandBytesMax : shownCommandBytesMax),
    cursor: cursor?.described,
  }
}

/** A connection; it is not active unless an operation says so. */
export function describeConnection(client: Client, { env, facts }: Shown): { readonly [name: string]: Encodable } {
  return {
    type: 'op',
    host: facts.host,
    desc: `conn${client.connectionId}`,
    connectionId: client.connectionId,
    client: client.remoteAddress,
    appName: client.appName,
    clientMetadata: client.metadata,
    active: false,
    currentOpTime: new Date(env.wallMs()).toISOString(),
    threaded: true,
    waitingForLock: false,
  }
}

/** MongoDB's own words for kinds of commands. */
const kinds: Readonly<Record<string, string>> = {
  find: 'query',
  insert: 'insert',
  update: 'update',
  delete: 'remove',
  getMore: 'getmore',
}

function namespaceOf({ name, db, body }: CommandRequest): string {
  const [, target] = firstElement(documentValue(body)) ?? []
  if (isString(target)) return `${db}.${toText(target)}`
  return name === 'aggregate' ? `${db}.$cmd.aggregate` : `${db}.$cmd`
}
