/** What a client is told of an error, whoever's fault it was. */
import { CommandError, StorageFailed } from '../base/errors.ts'

/**
 * The refusal itself, or the one that stands for a failure or a bug.
 *
 * A failed storage is `OutOfDiskSpace` where the disk said so, else `OperationFailed`: both outside the class of errors after
 * which drivers retry, since the engine refuses every further write until it is opened anew.
 */
export function refusalOf(error: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (error instanceof StorageFailed) {
    return new CommandError(isDiskFull(error) ? 'OutOfDiskSpace' : 'OperationFailed', error.message, { cause: error })
  }
  if (isStackOverflow(error)) {
    return new CommandError('Overflow', 'a value or expression exceeds the limit of levels of nesting', {
      cause: error,
    })
  }
  const words = error instanceof Error ? error.message : String(error)
  return new CommandError('InternalError', `a bug of this server: ${words}`, { cause: error })
}

/**
 * Whether the functions that walk into values, which call themselves for each level, went deeper than the stack. Expressions
 * build such values although no message and no stored document nests so deep. A check at each level of each walk would cost every
 * comparison, and those functions keep nothing that they could leave half done.
 */
export const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message === 'Maximum call stack size exceeded'

/** Looks into the error and what caused it, for our own word or the system's. */
function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof StorageFailed ? at.isDiskFull : 'code' in at && at.code === 'ENOSPC') return true
  }
  return false
}
