/** What the filters, projections, updates and pipelines of one command share: its collation and its variables. */
import { parseCollation, type Collation } from '../bson/collation.ts'
import { readInt32 } from '../bson/bytes.ts'
import { documentValue, type Value } from '../bson/value.ts'
import { elementsOf, isEmpty } from '../bson/reader.ts'
import { defaultCollation } from '../collection/default-collation.ts'
import type { Namespace } from '../collection/namespace.ts'
import { compileExpression } from '../expression/expression.ts'
import { rootVariables, type Variables } from '../expression/variables.ts'
import type { Env } from '../base/env.ts'
import type { MemoryPool } from '../base/memory-pool.ts'
import { Pace } from '../base/pace.ts'
import type { MaybePromise } from '../storage/engine.ts'
import type { CommandContext } from './command.ts'

export interface CompileContext {
  readonly collation: Collation | undefined
  readonly variables: Variables
  readonly variableNames: readonly string[]
  readonly env: Env
  readonly pace: Pace
  readonly memoryPool: MemoryPool
}

const nothingDefined: ReadonlyMap<string, Value | undefined> = new Map()
const noDocument = documentValue(Uint8Array.of(5, 0, 0, 0, 0))

/**
 * The collation of a command on a collection: the one that it names, also when that is the simple one, else the collection's.
 * Undefined when neither has one.
 */
export function collationFor(
  { store }: CommandContext,
  namespace: Namespace,
  given: Value | undefined,
): MaybePromise<Value | undefined> {
  return given !== undefined && !isEmpty(given) ? given : defaultCollation(store, namespace)
}

/** `collation` and `let` are the command's fields of these names; `pace` is its own, or that of what outlives it. */
export function compileContext(
  { env, store, operation }: CommandContext,
  { collation, let: definitions }: { readonly collation?: Value | undefined; readonly let?: Value | undefined },
  pace: Pace = new Pace(env, () => operation.check()),
): CompileContext {
  const root = {
    nowMs: env.wallMs(),
    clusterTime: store.engine.log.newest.time,
    random: () => (readInt32(env.randomBytes(4), 0) >>> 0) / 0x1_0000_0000,
  }
  const outer = rootVariables(root)
  const parsed = parseCollation(collation)
  const defined =
    definitions === undefined
      ? nothingDefined
      : new Map(
          elementsOf(definitions).map(([name, spec]) => [
            name,
            compileExpression(spec, { collation: parsed, pace })(noDocument, outer),
          ]),
        )
  return {
    collation: parsed,
    variables: defined.size === 0 ? outer : rootVariables({ ...root, let: defined }),
    variableNames: [...defined.keys()],
    env,
    pace,
    memoryPool: store.memory,
  }
}
