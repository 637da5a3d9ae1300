/**
 * The server's parameters: what getParameter shows and setParameter may change. Only those that are true of this server or
 * that it obeys; a name that is not here is refused.
 */
import { CommandError } from '../base/errors.ts'
import {
  cursorIdleMsMax,
  sessionCountMax,
  sessionIdleMinutesMax,
  snapshotHistorySecondsMax,
  transactionLifetimeSecondsMax,
} from '../base/limits.ts'
import { type Encodable, encodeValue } from '../bson/encode.ts'
import { show } from '../bson/show.ts'

/** Raised for a `--setParameter` that cannot be had; `message` is for whoever started the program. */
export class ParameterRefused extends Error {
  override readonly name = 'ParameterRefused'
}

const fixed: Readonly<Record<string, Encodable>> = {
  authenticationMechanisms: [],
  cursorTimeoutMillis: cursorIdleMsMax,
  featureCompatibilityVersion: { version: '8.0' },
  localLogicalSessionTimeoutMinutes: sessionIdleMinutesMax,
  maxSessions: sessionCountMax,
  minSnapshotHistoryWindowInSeconds: snapshotHistorySecondsMax,
  requireApiVersion: false,
  transactionLifetimeLimitSeconds: transactionLifetimeSecondsMax,
}

export class Parameters {
  readonly #values: Map<string, Encodable>
  /** Whether configureFailPoint is there. */
  readonly enableTestCommands: boolean

  /** Takes what `--setParameter` said, name → text. @throws ParameterRefused. */
  constructor(startup: ReadonlyMap<string, string> = new Map()) {
    this.#values = new Map(Object.entries(fixed))
    this.enableTestCommands = false
    for (const [name, text] of startup) {
      if (name === 'enableTestCommands') this.enableTestCommands = parseSwitch(name, text)
      else this.#requireSame(name, text)
    }
    this.#values.set('enableTestCommands', this.enableTestCommands)
  }

  #requireSame(name: string, text: string): void {
    const value = this.#values.get(name)
    if (value === undefined) throw new ParameterRefused(`unknown parameter '${name}' for --setParameter`)
    if (show(encodeValue(value)) !== text) throw new ParameterRefused(`parameter '${name}' cannot be set to '${text}'`)
  }

  /** All by name, in the order of names. */
  get all(): readonly [name: string, value: Encodable][] {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Undefined when there is none of that name. */
  find(name: string): Encodable {
    return this.#values.get(name)
  }

  /** The value and when it can be changed: `showDetails` of getParameter. */
  describe(name: string): Encodable {
    const settableAtStartup = name === 'enableTestCommands'
    return { value: this.find(name), settableAtRuntime: false, settableAtStartup }
  }

  /** The value of a parameter that somebody wants to change. @throws CommandError InvalidOptions for an unknown one. */
  get(name: string): Encodable {
    const value = this.#values.get(name)
    if (value !== undefined) return value
    throw new CommandError(
      'InvalidOptions',
      `attempted to set unrecognized parameter [${name}], use help:true to see options `,
    )
  }
}

function parseSwitch(name: string, text: string): boolean {
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  throw new ParameterRefused(`parameter '${name}' is 0 or 1, not '${text}'`)
}
