/** The variables of an expression: `$$NOW`, what `let` defines, and what $let, $map, $filter and $reduce add inside. */
import { CommandError } from '../base/errors.ts'
import { dateValue, timestampValue } from '../bson/encode.ts'
import type { Value } from '../bson/value.ts'

/**
 * What is defined outside all expressions of one command; or of something that lives on, whose times are then those of each
 * evaluation.
 */
export interface RootVariables {
  readonly nowMs: number
  /** As `toTimestamp`. */
  readonly clusterTime: bigint
  /** The command's `let`, evaluated; by name. */
  readonly let?: ReadonlyMap<string, Value | undefined>
  /** A number in [0, 1), another one each time: where $rand has its chance from. Without it $rand is refused. */
  random?(): number
}

export interface Variables {
  /** The value called `name` (without dollars), undefined when it is missing. It was checked to be defined. */
  get(name: string): Value | undefined
  /** These and one more, which hides an outer one of the same name. */
  with(name: string, value: Value | undefined): Variables
  /** A number in [0, 1). @throws CommandError NotImplemented where the root has none. */
  random(): number
}

export function rootVariables(root: RootVariables): Variables {
  return new Outermost(root)
}

/** The names that every expression may use without a definition; `$$REMOVE` and `$$ROOT` need no value from here. */
export const systemVariables: readonly string[] = ['ROOT', 'CURRENT', 'REMOVE', 'NOW', 'CLUSTER_TIME']

class Outermost implements Variables {
  readonly #root: RootVariables

  constructor(root: RootVariables) {
    this.#root = root
  }

  get(name: string): Value | undefined {
    if (name === 'NOW') return dateValue(this.#root.nowMs)
    if (name === 'CLUSTER_TIME') return timestampValue(this.#root.clusterTime)
    return this.#root.let?.get(name)
  }

  with(name: string, value: Value | undefined): Variables {
    return new Scope(this, undefined, name, value)
  }

  random(): number {
    if (this.#root.random) return this.#root.random()
    throw new CommandError('NotImplemented', '$rand is not available in this context')
  }
}

/** One variable in front of outer ones. Scopes are never changed, so inner expressions may keep one. */
class Scope implements Variables {
  readonly #root: Outermost
  readonly #outer: Scope | undefined
  readonly #name: string
  readonly #value: Value | undefined

  constructor(root: Outermost, outer: Scope | undefined, name: string, value: Value | undefined) {
    this.#root = root
    this.#outer = outer
    this.#name = name
    this.#value = value
  }

  get(name: string): Value | undefined {
    let scope: Scope | undefined = this.#name === name ? this : this.#outer
    while (scope !== undefined && scope.#name !== name) scope = scope.#outer
    return scope === undefined ? this.#root.get(name) : scope.#value
  }

  with(name: string, value: Value | undefined): Variables {
    return new Scope(this.#root, this, name, value)
  }

  random(): number {
    return this.#root.random()
  }
}

/**
 * Refuses what cannot be the name of a user's variable: it begins with a small letter (or is not ASCII) and goes on with
 * letters, digits and underscores. `CURRENT` may be given another value.
 *
 * @throws CommandError FailedToParse.
 */
export function requireVariableName(name: string): void {
  if (name === '') throw new CommandError('FailedToParse', 'empty variable names are not allowed')
  if (name === 'CURRENT') return
  if (!/^[a-z\u0080-\u{10ffff}]/u.test(name)) {
    throw new CommandError('FailedToParse', `'${name}' starts with an invalid character for a user variable name`)
  }
  if (!/^[\w\u0080-\u{10ffff}]*$/u.test(name)) {
    throw new CommandError('FailedToParse', `'${name}' contains an invalid character for a variable name`)
  }
}
