/**
 * Checks for bugs of our own. They stay on in production: going on with a broken invariant costs more than a refused
 * request. Never for what a client or the disk can cause (see errors.ts).
 */

/** What the program promised itself and did not keep. A reply calls it InternalError; the stack goes to the log. */
export class Bug extends Error {
  override readonly name = 'Bug'
}

/** Throws a Bug with `claim` in its message unless `condition` is true. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Bug(`assertion failed: ${claim}`)
}

/** For the branch that the type checker proves impossible. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${String(value)}`)
}

/** `value`, which must be there; `what` names it in the message of the Bug. */
export function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Bug(`missing: ${what}`)
  return value
}
