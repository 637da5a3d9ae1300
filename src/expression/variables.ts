/** The variables of an expression: `$$NOW`, what `let` defines, and what $let, $map, $filter and $reduce add inside. */
import { Bug } from '../base/assert.ts'
import type { Value } from '../bson/value.ts'

/** What is defined outside all expressions of one command. */
export interface RootVariables {
  readonly nowMs: number
  /** As `toTimestamp`. */
  readonly clusterTime: bigint
  /** The command's `let`, evaluated; by name. */
  readonly let?: ReadonlyMap<string, Value | undefined>
}

export interface Variables {
  /** The value called `name` (without dollars), undefined when it is missing. It was checked to be defined. */
  get(name: string): Value | undefined
  /** These and one more, which hides an outer one of the same name. */
  with(name: string, value: Value | undefined): Variables
}

export function rootVariables(_root: RootVariables): Variables {
  throw new Bug('not written yet')
}
