/** One request and its answer, or its answers: what dispatch.ts does, step by step. */
import { must } from '../base/assert.ts'
import { CommandError, StorageFailed } from '../base/errors.ts'
import { replyRoomBytes } from '../base/limits.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { pause } from '../base/pause.ts'
import { toNearestDouble } from '../bson/number.ts'
import { getField } from '../bson/reader.ts'
import { isNumber } from '../bson/value.ts'
import { requireDatabaseName } from '../collection/namespace.ts'
import type { RetryableWrite } from '../collection/retry.ts'
import type { Store } from '../collection/store.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { SessionTransaction } from '../session/transaction.ts'
import { waitForClusterTime } from './after-cluster-time.ts'
import { peekAppName } from './client-metadata.ts'
import type { Client, Command, CommandRequest, Reply, Services } from './command.ts'
import { writeConcernErrorOf } from './concerns.ts'
import { Context } from './context.ts'
import { encodeFailure, encodeSuccess } from './encode-reply.ts'
import { errorLabelsOf } from './error-labels.ts'
import { type CommandFailure, ConnectionDropped, fail } from './fail-points.ts'
import { commandNameOf, type GenericArguments, parseGenericArguments, showApiParameters } from './generic-arguments.ts'
import type { RunningOperation } from './operations.ts'
import { isStackOverflow, refusalOf } from './refusal.ts'
import { requireAllowedInTransaction, requireAllowedOutside } from './transaction-rules.ts'

export interface RequestMessage {
  readonly body: Uint8Array
  readonly sequences: readonly { readonly identifier: string; readonly documents: readonly Uint8Array[] }[]
  /** It came as OP_QUERY. */
  readonly isQuery: boolean
  /** The client takes several replies; false when it does not say. */
  readonly exhaustAllowed?: boolean
}

export interface Answer {
  /** The whole reply; nobody else holds the bytes. */
  readonly document: Uint8Array
  /** So many bytes in front of it, in its buffer, are the connection's to write. */
  readonly room: number
  /** The next reply to the same request, asked for when this one has been sent; undefined when this is the last. */
  readonly next: (() => MaybePromise<Outcome>) | undefined
}

/** `close-connection`: there is no reply, and the client's connection is to be closed. */
export type Outcome = Answer | 'close-connection'

/** What was found out about a request whose command is known. */
interface Accepted {
  readonly command: Command
  readonly generic: GenericArguments
  readonly operation: RunningOperation
}

export class Exchange {
  readonly #commands: ReadonlyMap<string, Command>
  readonly #client: Client
  readonly #services: Services
  /** Undefined while the request may still turn out to be none of ours. */
  #accepted: Accepted | undefined
  /** What the fail point failCommand does to it. */
  #failure: CommandFailure | undefined
  #hasRun = false

  constructor(commands: ReadonlyMap<string, Command>, client: Client, services: Services) {
    this.#commands = commands
    this.#client = client
    this.#services = services
  }

  /** The first answer. */
  answer(message: RequestMessage): MaybePromise<Outcome> {
    return this.#answerWith(() => this.#run(this.#accept(message)))
  }

  /** The answer after one that was sent. */
  #answerAgain({ operation }: Accepted): MaybePromise<Outcome> {
    const { operations, sessions } = this.#services
    return this.#answerWith(() => {
      operations.resume(operation)
      if (operation.lsid !== undefined) sessions.touch(operation.lsid)
      return must(operation.repeat, 'what an exhaust command repeats')()
    })
  }

  #answerWith(make: () => MaybePromise<Reply>): MaybePromise<Outcome> {
    try {
      const made = make()
      return made instanceof Promise
        ? made.then(reply => this.#succeed(reply)).catch(error => this.#refuse(error))
        : this.#succeed(made)
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /** It has run. */
  #end(): void {
    if (this.#accepted !== undefined) this.#services.operations.end(this.#accepted.operation)
  }

  #accept({ body, sequences, isQuery, exhaustAllowed = false }: RequestMessage): Accepted {
    const { operations, sessions } = this.#services
    const command = this.#findCommand(body, isQuery)
    const generic = parseGenericArguments(body)
    requireRightPlace(command, generic)
    const { lsid, txnNumber, maxTimeMs } = generic
    if (lsid !== undefined) sessions.touch(lsid)
    const id = lsid === undefined || txnNumber === undefined ? undefined : { lsid, txnNumber }
    const isInTransaction = generic.autocommit !== undefined
    const operation = operations.begin({
      request: { name: generic.name, db: generic.db, body, sequences: bySequenceName(sequences) },
      client: this.#client,
      lsid,
      retryable: isInTransaction ? undefined : id,
      transactionId: isInTransaction ? id : undefined,
      maxTimeMs,
      deadlineMs: command.waitsMaxTime === true || maxTimeMs === 0 ? undefined : maxTimeMs,
      apiStrict: generic.apiStrict === true,
      apiParameters: showApiParameters(generic),
      readConcernLevel: generic.readConcern?.level,
      // The replies that repeat themselves would run beside the transaction.
      exhaustAllowed: exhaustAllowed && !isInTransaction,
    })
    this.#accepted = { command, generic, operation }
    return this.#accepted
  }

  #findCommand(body: Uint8Array, isQuery: boolean): Command {
    const name = commandNameOf(body)
    if (isQuery && !queryCommands.has(name)) {
      throw new CommandError(
        'UnsupportedOpQueryCommand',
        `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`,
      )
    }
    const command = this.#commands.get(name)
    if (command === undefined) throw new CommandError('CommandNotFound', `no such command: '${name}'`)
    return command
  }

  // What has nothing to wait for is run at once: each wait costs as much as a part of a small command.

  #run(accepted: Accepted): MaybePromise<Reply> {
    const { command, operation } = accepted
    const { failPoints, counters } = this.#services
    if (command.countsItself !== true) counters.operations.command++
    return failPoints.failsCommands
      ? this.#suffer(command, operation).then(() => this.#runInTime(accepted))
      : this.#runInTime(accepted)
  }

  #runInTime(accepted: Accepted): MaybePromise<Reply> {
    const { command, generic, operation } = accepted
    if (operation.transactionId === undefined) requireAllowedOutside(command, generic)
    else requireAllowedInTransaction(command, generic)
    const { afterClusterTime, atClusterTime } = generic.readConcern ?? {}
    const neededTime = afterClusterTime ?? atClusterTime
    return neededTime === undefined
      ? this.#runInPlace(accepted)
      : waitForClusterTime(this.#services, operation, neededTime).then(() => this.#runInPlace(accepted))
  }

  #runInPlace({ command, generic, operation }: Accepted): MaybePromise<Reply> {
    if (operation.transactionId !== undefined && command.endsTransaction !== true) {
      return this.#runInTransaction(command, generic, operation)
    }
    if (generic.readConcern?.level === 'snapshot') return this.#runOnSnapshot(command, generic, operation)
    return operation.retryable === undefined
      ? this.#runOn(this.#services.store, command, operation)
      : this.#runRetryable(command, operation, operation.retryable)
  }

  #runOn(store: Store, command: Command, operation: RunningOperation): MaybePromise<Reply> {
    this.#hasRun = true
    const context = new Context(this.#services, { client: this.#client, operation, commands: this.#commands, store })
    return command.run(operation.request, context)
  }

  async #runOnSnapshot(command: Command, generic: GenericArguments, operation: RunningOperation): Promise<Reply> {
    const { store, time } = await this.#services.snapshots.read(generic.readConcern?.atClusterTime)
    operation.atClusterTime = time
    return this.#runOn(store, command, operation)
  }

  async #runRetryable(command: Command, operation: RunningOperation, write: RetryableWrite): Promise<Reply> {
    const { failPoints, store, transactions } = this.#services
    transactions.goOnWith(write)
    const { log } = store.engine
    const timeBefore = log.newest.time
    failPoints.beforeRetryableWrite()
    const reply = await this.#runOn(store, command, operation)
    // A repeated write that had been done commits nothing.
    if (log.newest.time !== timeBefore) failPoints.afterRetryableWrite()
    return reply
  }

  async #runInTransaction(command: Command, generic: GenericArguments, operation: RunningOperation): Promise<Reply> {
    const found = this.#transactionOf(generic, must(operation.transactionId, 'number of a transaction'))
    const transaction = found instanceof Promise ? await found : found
    return transaction.run(async store => {
      operation.check()
      operation.transaction = transaction
      const reply = await this.#runOn(store, command, operation)
      // One refused statement is the end of it, whatever the others did.
      if (hasRefusedStatement(reply)) transaction.abort()
      return reply
    })
  }

  #transactionOf(
    { startTransaction, readConcern }: GenericArguments,
    id: TransactionId,
  ): MaybePromise<SessionTransaction> {
    const { transactions } = this.#services
    return startTransaction === true ? this.#begin(id, readConcern?.atClusterTime) : transactions.find(id)
  }

  async #begin(id: TransactionId, time: bigint | undefined): Promise<SessionTransaction> {
    const { transactions, snapshots, sessions } = this.#services
    const transaction = await transactions.begin(id, time === undefined ? undefined : await snapshots.holdAt(time))
    // Ended while the state was got, the session begins anew: else the transaction would belong to none that can end.
    sessions.touch(id.lsid)
    return transaction
  }

  /** Lets failCommand do its part before the command runs. */
  async #suffer(command: Command, operation: RunningOperation): Promise<void> {
    // Else nobody could put it off again.
    if (command.name === 'configureFailPoint') return
    const appName = this.#client.appName ?? peekAppName(operation.request.body)
    const failure = this.#services.failPoints.enterCommand([command.name, ...(command.aliases ?? [])], appName)
    if (failure === undefined) return
    this.#failure = failure
    if (failure.blockMs > 0) {
      await pause(this.#services.env, failure.blockMs, operation.signal)
      operation.check()
    }
    fail(failure, 'failCommand')
  }

  #succeed(reply: Reply): Answer {
    this.#end()
    const accepted = must(this.#accepted, 'the request that was answered')
    const { operation, generic } = accepted
    const asked = generic.writeConcern && writeConcernErrorOf(generic.writeConcern)
    const writeConcernError = this.#failure?.writeConcernError ?? asked
    const document = encodeSuccess(reply, {
      time: this.#services.store.engine.log.newest.time,
      writeConcernError,
      errorLabels: writeConcernError === undefined ? [] : this.#labelsOf(undefined, writeConcernError),
    })
    const goesOn = operation.exhaustAllowed && operation.repeat !== undefined
    return { document, room: replyRoomBytes, next: goesOn ? () => this.#answerAgain(accepted) : undefined }
  }

  #refuse(thrown: unknown): Outcome {
    this.#end()
    if (thrown instanceof ConnectionDropped) return 'close-connection'
    const { counters, store, facts } = this.#services
    const error = refusalOf(thrown)
    counters.errors.user++
    if (error !== thrown && !isStackOverflow(thrown)) this.#report(thrown)
    const labels = [...new Set([...error.labels, ...this.#labelsOf(error.code, undefined)])]
    const document = encodeFailure(error, {
      time: store.engine.log.newest.time,
      processId: facts.processId,
      errorLabels: labels.length > 0 || this.#failure?.errorLabels !== undefined ? labels : undefined,
    })
    return { document, room: replyRoomBytes, next: undefined }
  }

  #report(thrown: unknown): void {
    const { log, counters } = this.#services
    const { connectionId } = this.#client
    const fields = { err: thrown, command: this.#accepted?.command.name, connectionId }
    if (!(thrown instanceof StorageFailed)) {
      counters.errors.bugs++
      log.error(fields, 'a command failed that should not')
      return
    }
    // After the first failure every write is refused for it: whoever reads the log is told once.
    const isFirst = counters.errors.failures++ === 0
    if (isFirst) log.error(fields, 'the storage failed')
    else log.debug(fields, 'the storage failed before, and this command for it')
  }

  #labelsOf(code: number | undefined, writeConcernError: Uint8Array | undefined): readonly string[] {
    if (this.#failure?.errorLabels !== undefined) return this.#failure.errorLabels
    const { command, generic, operation } = this.#accepted ?? {}
    return errorLabelsOf({
      code,
      writeConcernCode: writeConcernError && codeIn(writeConcernError),
      isRetryableWrite: operation?.retryable !== undefined,
      isInTransaction: generic?.autocommit !== undefined,
      endsTransaction: command?.endsTransaction === true,
      isChangeStream: operation?.isChangeStream === true,
      hasRun: this.#hasRun,
    })
  }
}

const queryCommands: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster'])

/** Refuses a command where it may not run, or which the client said it does not want. */
function requireRightPlace(command: Command, { name, db, apiStrict }: GenericArguments): void {
  requireDatabaseName(db)
  if (command.adminOnly === true && db !== 'admin') {
    throw new CommandError('Unauthorized', `${name} may only be run against the admin database.`)
  }
  if (apiStrict === true && command.inApiVersion1 !== true) {
    throw new CommandError(
      'APIStrictError',
      `Provided apiStrict:true, but the command ${name} is not in API Version 1.`,
    )
  }
}

/** Whether a write command's reply tells of a statement that was refused. */
const hasRefusedStatement = ({ writeErrors, nErrors }: Reply): boolean =>
  writeErrors !== undefined || (typeof nErrors === 'number' && nErrors > 0)

const noSequences: CommandRequest['sequences'] = new Map()

function bySequenceName(sequences: RequestMessage['sequences']): CommandRequest['sequences'] {
  if (sequences.length === 0) return noSequences
  const byName = new Map<string, readonly Uint8Array[]>()
  for (const { identifier, documents } of sequences) {
    if (byName.has(identifier)) {
      throw new CommandError('IDLDuplicateField', `the document sequence '${identifier}' is there twice`)
    }
    byName.set(identifier, documents)
  }
  return byName
}

function codeIn(writeConcernError: Uint8Array): number | undefined {
  const code = getField(writeConcernError, 'code')
  return isNumber(code) ? toNearestDouble(code) : undefined
}
