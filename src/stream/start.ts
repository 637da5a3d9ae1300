/** Where a stream begins to read, and whether the history still reaches back that far. */
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { equalValues } from '../bson/compare.ts'
import { encodeDocument } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { documentValue, isString, toText } from '../bson/value.ts'
import { showClusterTime, type ClusterTime } from '../oplog/cluster-time.ts'
import { decodeEntry } from '../oplog/entry.ts'
import type { TokenParts } from '../oplog/resume-token.ts'
import type { Log, Position } from '../storage/engine.ts'
import { interpretEntry, type ChangeBasis } from './change.ts'

/** `o.msg` of the very first entry. As long as it is there, the log holds everything that ever happened. */
export const initiatingMessage = 'initiating set'

const indexMax = 0xffff_ffff

/** Just before everything at `time`. */
export const justBefore = (time: ClusterTime): Position => ({ time: time - 1n, index: indexMax })

/** @throws CommandError ChangeStreamHistoryLost when entries at `time`, or right behind it, may be gone. */
export async function requireReachable(log: Log, time: ClusterTime): Promise<void> {
  if (log.oldest.time <= time) return
  const first = await log.get(log.oldest)
  const message = first && getField(decodeEntry(first.bytes).o, 'msg')
  if (isString(message) && toText(message) === initiatingMessage) return
  throw new CommandError(
    'ChangeStreamHistoryLost',
    `Resume of change stream was not possible, as the resume point may no longer be in the oplog. ` +
      `(asked for ${showClusterTime(time)}, the oldest entry is ${showClusterTime(log.oldest.time)})`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}

/**
 * The change whose event the token names. Undefined when the log has not come that far: the token may yet be met.
 *
 * @throws CommandError ChangeStreamFatalError when something else is in its place.
 */
export async function findTokenChange(log: Log, parts: TokenParts): Promise<ChangeBasis | undefined> {
  const position = { time: parts.clusterTime, index: parts.txnOpIndex }
  if (position.time > log.newest.time) return undefined
  const found = await log.get(position)
  const change = found && interpretEntry(decodeEntry(found.bytes), position)
  if (change === undefined || !names(parts, change)) throw tokenNotFound(parts)
  return change
}

/** Whether a token is the one that the change's event has. */
function names({ version, uuid, eventIdentifier }: TokenParts, change: ChangeBasis): boolean {
  const { entry, operationType, documentKey, operationDescription, isExpanded } = change
  if (uuid === undefined ? entry.ui !== undefined && version === 2 : !sameBytes(uuid, entry.ui ?? new Uint8Array(0))) {
    return false
  }
  // Old tokens carry the document key alone, and nothing for drop, rename and dropDatabase.
  const isPlain = version < 2 && !isExpanded
  const expected = isPlain ? documentKey : encodeDocument({ operationType, documentKey, operationDescription })
  return equalValues(eventIdentifier, expected && documentValue(expected))
}

export function tokenNotFound(parts: TokenParts): CommandError {
  return new CommandError(
    'ChangeStreamFatalError',
    `cannot resume stream; the resume token was not found. There is no such event at ` +
      `${showClusterTime(parts.clusterTime)}, operation ${parts.txnOpIndex} (a token of another deployment?)`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}
