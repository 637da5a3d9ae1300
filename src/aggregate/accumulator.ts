/** The contract of a $group accumulator: aggregate/accumulators/ has one file for each. */
import { CommandError } from '../base/errors.ts'
import { isArray } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { compileCompute } from './compute.ts'
import type { Compute } from './compute.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { StageOptions } from './stage.ts'

/** What an accumulator knows of one group. */
export interface Accumulation {
  /** The input of the next document; undefined when it is missing. It is kept only through the group's MemoryBudget. */
  add(input: Value | undefined): void
  /** Undefined becomes null in the group's document. Asked once, at the end. */
  result(): Value | undefined
}

export interface CompiledAccumulator {
  /** What `add` gets of a document. */
  readonly inputOf: Compute
  /** A group whose `_id` is `id` begins. `id` may not be kept. */
  begin(this: void, memory: MemoryBudget, id: Value): Accumulation
}

export interface Accumulator {
  /** As users write it: `$sum`. */
  readonly name: string
  /** `argument` is what stands behind the name. @throws CommandError with the server's code for a wrong one. */
  compile(argument: Value, options: StageOptions): CompiledAccumulator
}

/** The usual accumulator: its argument is one expression, and its input is the value of that. */
export function ofExpression(
  name: string,
  begin: (memory: MemoryBudget, options: StageOptions) => Accumulation,
): Accumulator {
  return {
    name,
    compile(argument, options) {
      if (isArray(argument)) {
        throw new CommandError('Location40237', `The ${name} accumulator is a unary operator`)
      }
      return { inputOf: compileCompute(argument, options), begin: memory => begin(memory, options) }
    },
  }
}
