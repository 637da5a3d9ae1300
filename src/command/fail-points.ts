/**
 * Fail points, as the drivers' tests set them with configureFailPoint: commands that fail on purpose.
 *
 *   failCommand                     the named commands wait, lose their connection, fail before they run, or run and report
 *                                   a write concern error
 *   failGetMoreAfterCursorCheckout  a getMore fails when its cursor is known
 *   onPrimaryTransactionalWrite     a retryable write fails before its commit, or loses its connection behind it
 *
 * Source: MongoDB driver specifications, "failCommand" and the fail points their tests use.
 */
import type { Env } from '../base/env.ts'
import { codeNameOf, CommandError } from '../base/errors.ts'
import { readUint32 } from '../bson/bytes.ts'
import { toNearestDouble } from '../bson/number.ts'
import { elementCount, firstElement } from '../bson/reader.ts'
import { BsonType, documentBytes, isNumber, toText, type Value } from '../bson/value.ts'
import { bool, count, document, integer, many, optional, readDocumentFields, string, withoutEffect } from './fields.ts'

/** Thrown where the client gets no answer but a closed connection. */
export class ConnectionDropped extends Error {
  override readonly name = 'ConnectionDropped'
}

/** What failCommand does to one command. */
export interface CommandFailure {
  readonly blockMs: number
  readonly closeConnection: boolean
  readonly errorCode: number | undefined
  /** In place of the labels that the reply would get. */
  readonly errorLabels: readonly string[] | undefined
  readonly writeConcernError: Uint8Array | undefined
}

interface FailCommand extends CommandFailure {
  readonly commands: ReadonlySet<string>
  readonly appName: string | undefined
}

interface FailWrite {
  readonly errorCode: number | undefined
  readonly closeConnection: boolean
}

type Mode =
  | { readonly kind: 'off' | 'always' }
  | { readonly kind: 'times' | 'skip'; left: number }
  | { readonly kind: 'random'; readonly probability: number }

class FailPoint<T> {
  readonly #env: Env
  #mode: Mode = { kind: 'off' }
  #data: T | undefined
  /** How often it took effect. */
  count = 0

  constructor(env: Env) {
    this.#env = env
  }

  get isOn(): boolean {
    return this.#mode.kind !== 'off'
  }

  set(mode: Mode, data: T): void {
    this.#mode = mode
    this.#data = data
  }

  /** Its data if it takes effect now, which is counted; `concerns` says whether this occasion is one of its own. */
  enter(concerns: (data: T) => boolean = () => true): T | undefined {
    const data = this.#data
    if (!this.isOn || data === undefined || !concerns(data) || !this.#isDue()) return undefined
    this.count++
    return data
  }

  #isDue(): boolean {
    const mode = this.#mode
    switch (mode.kind) {
      case 'times':
        if (--mode.left === 0) this.#mode = { kind: 'off' }
        return true
      case 'skip':
        return --mode.left < 0
      case 'random':
        return readUint32(this.#env.randomBytes(4), 0) < mode.probability * 2 ** 32
      default:
        return true
    }
  }
}

export class FailPoints {
  readonly #failCommand: FailPoint<FailCommand>
  readonly #failGetMore: FailPoint<FailWrite>
  readonly #failWrite: FailPoint<FailWrite>

  constructor(env: Env) {
    this.#failCommand = new FailPoint(env)
    this.#failGetMore = new FailPoint(env)
    this.#failWrite = new FailPoint(env)
  }

  /**
   * Sets a fail point, or puts it off. Returns how often it took effect until now.
   *
   * @throws CommandError FailPointSetFailed when there is none of that name; others for what it cannot be set to.
   */
  configure(name: string, mode: Value, data: Value | undefined): number {
    switch (name) {
      case 'failCommand':
        return configure(this.#failCommand, parseMode(mode), parseFailCommand(data))
      case 'failGetMoreAfterCursorCheckout':
        return configure(this.#failGetMore, parseMode(mode), parseFailGetMore(data))
      case 'onPrimaryTransactionalWrite':
        return configure(this.#failWrite, parseMode(mode), parseFailWrite(data))
      default:
        throw new CommandError('FailPointSetFailed', `${name} not found`)
    }
  }

  /** Whether failCommand is on, for a quick look. */
  get failsCommands(): boolean {
    return this.#failCommand.isOn
  }

  /** What failCommand does to a command that goes by these names and comes from this application. */
  enterCommand(names: readonly string[], appName: string | undefined): CommandFailure | undefined {
    return this.#failCommand.enter(
      data => names.some(name => data.commands.has(name)) && (data.appName === undefined || data.appName === appName),
    )
  }

  /** The getMore command calls it when it has got its cursor. @throws CommandError or ConnectionDropped. */
  afterCursorCheckout(): void {
    const failure = this.#failGetMore.enter()
    if (failure !== undefined) fail(failure, 'failGetMoreAfterCursorCheckout')
  }

  /** Asked before a retryable write. @throws CommandError or ConnectionDropped when it is not to be done. */
  beforeRetryableWrite(): void {
    const failure = this.#failWrite.enter(({ errorCode }) => errorCode !== undefined)
    if (failure !== undefined) fail(failure, 'onPrimaryTransactionalWrite')
  }

  /** Told of a retryable write that has committed something. @throws ConnectionDropped when nobody is to learn of it. */
  afterRetryableWrite(): void {
    const failure = this.#failWrite.enter(({ errorCode }) => errorCode === undefined)
    if (failure !== undefined) fail(failure, 'onPrimaryTransactionalWrite')
  }
}

/** @throws what the failure asks for. */
export function fail({ closeConnection, errorCode }: FailWrite, failPoint: string): void {
  if (closeConnection) throw new ConnectionDropped(`fail point ${failPoint}`)
  if (errorCode !== undefined) {
    throw new CommandError(codeNameOf(errorCode), `Failing command via '${failPoint}' failpoint`)
  }
}

function configure<T>(failPoint: FailPoint<T>, mode: Mode, data: T): number {
  const { count: countBefore } = failPoint
  failPoint.set(mode, data)
  return countBefore
}

function parseMode(value: Value): Mode {
  if (value.type === BsonType.string) {
    const text = toText(value)
    if (text === 'off') return { kind: 'off' }
    if (text === 'alwaysOn') return { kind: 'always' }
    throw new CommandError('BadValue', `unknown mode: ${text}`)
  }
  const first = value.type === BsonType.document && elementCount(value) === 1 ? firstElement(value) : undefined
  if (first === undefined) {
    throw new CommandError('BadValue', `'mode' must be a string or an object with one field`)
  }
  const [name, argument] = first
  switch (name) {
    case 'times': {
      const left = count(argument, 'mode.times')
      return left === 0 ? { kind: 'off' } : { kind: 'times', left }
    }
    case 'skip':
      return { kind: 'skip', left: count(argument, 'mode.skip') }
    case 'activationProbability': {
      const probability = isNumber(argument) ? toNearestDouble(argument) : NaN
      if (probability >= 0 && probability <= 1) return { kind: 'random', probability }
      throw new CommandError('BadValue', `activationProbability must be between 0.0 and 1.0`)
    }
    default:
      throw new CommandError('BadValue', `'mode' must contain one of 'times', 'skip' and 'activationProbability'`)
  }
}

function parseFailCommand(value: Value | undefined): FailCommand {
  if (value === undefined) return { commands: new Set(), appName: undefined, ...noFailure }
  const data = readDocumentFields('data', value, {
    failCommands: optional(many(string), []),
    appName: optional(string),
    blockConnection: optional(bool, false),
    blockTimeMS: optional(count),
    closeConnection: optional(bool, false),
    errorCode: optional(integer),
    errorLabels: optional(many(string)),
    writeConcernError: optional(document),
    // Members of a set send each other commands; here there are none.
    failInternalCommands: withoutEffect,
  })
  if (data.blockConnection && data.blockTimeMS === undefined) {
    throw new CommandError('InvalidOptions', `'blockTimeMS' must be specified when 'blockConnection' is true`)
  }
  return {
    commands: new Set(data.failCommands),
    appName: data.appName,
    blockMs: data.blockConnection ? (data.blockTimeMS ?? 0) : 0,
    closeConnection: data.closeConnection,
    errorCode: data.errorCode,
    errorLabels: data.errorLabels,
    writeConcernError: data.writeConcernError && documentBytes(data.writeConcernError),
  }
}

const noFailure: CommandFailure = {
  blockMs: 0,
  closeConnection: false,
  errorCode: undefined,
  errorLabels: undefined,
  writeConcernError: undefined,
}

function parseFailGetMore(value: Value | undefined): FailWrite {
  if (value === undefined) return { errorCode: undefined, closeConnection: false }
  return readDocumentFields('data', value, { errorCode: optional(integer), closeConnection: optional(bool, false) })
}

function parseFailWrite(value: Value | undefined): FailWrite {
  if (value === undefined) return { errorCode: undefined, closeConnection: true }
  const data = readDocumentFields('data', value, {
    failBeforeCommitExceptionCode: optional(integer),
    closeConnection: optional(bool, true),
  })
  return { errorCode: data.failBeforeCommitExceptionCode, closeConnection: data.closeConnection }
}
