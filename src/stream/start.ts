/** Where a stream begins to read, and whether the history is still whole from there on. */
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { equalValues } from '../bson/compare.ts'
import { getField } from '../bson/reader.ts'
import { documentValue, isString, toText } from '../bson/value.ts'
import { justBefore, showClusterTime, type ClusterTime } from '../oplog/cluster-time.ts'
import { decodeEntry } from '../oplog/entry.ts'
import type { TokenParts } from '../oplog/resume-token.ts'
import { comparePositions, logIndexMax, type Log, type Position } from '../storage/engine.ts'
import { identifierOf, interpretEntry, type ChangeBasis } from './change.ts'
import { mayInvalidate, watchesChange, type Scope } from './scope.ts'

/** `o.msg` of the very first entry. As long as it is there, the log holds everything that ever happened. */
export const initiatingMessage = 'initiating set'

/**
 * A place that has everything at or behind `time` behind it.
 *
 * @throws CommandError ChangeStreamHistoryLost when entries there may be gone.
 */
export async function findPlace(log: Log, time: ClusterTime): Promise<Position> {
  const place = justBefore(time)
  const { oldest } = log
  if (isUnbroken(log, place)) return place
  const first = await log.get(oldest)
  const message = first && getField(decodeEntry(first.bytes).o, 'msg')
  // Nothing ever happened before it, and it is no change itself.
  if (isString(message) && toText(message) === initiatingMessage) return oldest
  throw historyLost(log, time)
}

/**
 * Refuses to go on behind `place` when entries right behind it may be gone. Asked after they were read, so that nothing can have
 * been removed in between.
 *
 * @throws CommandError ChangeStreamHistoryLost.
 */
export function requireUnbroken(log: Log, place: Position): void {
  if (!isUnbroken(log, place)) throw historyLost(log, place.time)
}

/** Whether the log still holds `place`, or what can only be next to it. */
function isUnbroken({ oldest }: Log, { time, index }: Position): boolean {
  const next = index === logIndexMax ? { time: time + 1n, index: 0 } : { time, index: index + 1 }
  return comparePositions(oldest, next) <= 0
}

function historyLost(log: Log, time: ClusterTime): CommandError {
  return new CommandError(
    'ChangeStreamHistoryLost',
    `Resume of change stream was not possible, as the resume point may no longer be in the oplog. ` +
      `History is gone: ${showClusterTime(time)} was asked for, the oldest entry is of ${showClusterTime(log.oldest.time)}`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}

/**
 * The change whose event the token names. Undefined when the log has not come that far: the token may yet be met.
 *
 * @throws CommandError ChangeStreamFatalError when something else is in its place, or the scope does not see it; which of the two
 *   it is, its words tell. ChangeStreamHistoryLost when it may have been there.
 */
export async function findTokenChange(log: Log, parts: TokenParts, scope: Scope): Promise<ChangeBasis | undefined> {
  const position = { time: parts.clusterTime, index: parts.txnOpIndex }
  if (position.time > log.newest.time) return undefined
  const found = await log.get(position)
  if (found === undefined) await findPlace(log, position.time)
  const change = found && interpretEntry(decodeEntry(found.bytes), position)
  if (change === undefined || !names(parts, change)) {
    throw tokenNotFound(
      `No such event happened here at ${showClusterTime(parts.clusterTime)}, operation ${parts.txnOpIndex} ` +
        '(a token of another deployment?)',
    )
  }
  if (!watchesChange(scope, change)) {
    const { db, coll } = change.namespace
    throw tokenNotFound(
      `Its event, ${change.operationType} in ${coll === undefined ? db : `${db}.${coll}`}, is none of this stream's ` +
        '(a token of a stream with another scope?)',
    )
  }
  return change
}

/** Whether a token is the one that the change's event has. */
function names({ version, uuid, eventIdentifier, fromInvalidate }: TokenParts, change: ChangeBasis): boolean {
  const { ui } = change.entry
  if (fromInvalidate && !mayInvalidate(change)) return false
  // A token of an old version need not have a UUID.
  if (uuid === undefined ? version === 2 && ui !== undefined : ui === undefined || !sameBytes(uuid, ui)) return false
  const expected = identifierOf(change, version)
  return equalValues(eventIdentifier, expected && documentValue(expected))
}

function tokenNotFound(why: string): CommandError {
  return new CommandError('ChangeStreamFatalError', `cannot resume stream; the resume token was not found. ${why}`, {
    labels: ['NonResumableChangeStreamError'],
  })
}
