/**
 * The contract of a pipeline's first stage that tells of the server itself: command/sources/ has one file for each. The names are
 * known to aggregate/stage-names.ts, so that they are refused where they may not stand.
 */
import { CommandError } from '../base/errors.ts'
import type { Value } from '../bson/value.ts'
import type { CommandContext } from './command.ts'

/** What the aggregation is of; `coll` is undefined for `aggregate: 1`. */
export interface SourceTarget {
  readonly db: string
  readonly coll: string | undefined
}

export interface Source {
  /** As users write it: `$currentOp`. */
  readonly name: string
  /** `spec` is what stands behind the name. @throws CommandError for a wrong one and for a place where it may not run. */
  open(spec: Value, target: SourceTarget, context: CommandContext): AsyncIterable<Uint8Array>
}

/** @throws CommandError InvalidNamespace unless it is an aggregation of no collection, of the database `admin` where that is needed. */
export function requireNoCollection(
  name: string,
  { db, coll }: SourceTarget,
  { onAdmin }: { readonly onAdmin: boolean },
): void {
  if (coll === undefined && (!onAdmin || db === 'admin')) return
  const where = onAdmin ? "the 'admin' database" : 'a database'
  throw new CommandError('InvalidNamespace', `${name} must be run against ${where} with {aggregate: 1}`)
}
