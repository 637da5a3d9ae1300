/** An open cursor as $currentOp shows it, in MongoDB's words; what only a change stream has is in `changeStream`. */
import type { Env } from '../base/env.ts'
import { originCommandBytesMax } from '../base/limits.ts'
import { dateValue, encodeDocument, timestampValue, type Encodable } from '../bson/encode.ts'
import { show } from '../bson/show.ts'
import { documentValue } from '../bson/value.ts'
import type { Store } from '../collection/store.ts'
import type { Cursor, CursorOrigin } from '../cursor/registry.ts'
import { lsidOf } from '../session/sessions.ts'
import { ChangeStream } from '../stream/change-stream.ts'
import { lagBehind } from '../stream/report.ts'
import type { Client } from './operation.ts'
import type { ServerFacts } from './server-facts.ts'
import { showSession } from './session-commands.ts'

export interface Surroundings {
  readonly env: Env
  readonly store: Store
  readonly facts: ServerFacts
}

/** A command as it came, or as a text that is cut when it has more than `bytesMax`. */
export function shortened(command: Uint8Array, bytesMax: number): Uint8Array {
  return command.length <= bytesMax ? command : encodeDocument({ $truncated: show(documentValue(command)) })
}

/** What a cursor keeps of the command that opens it. */
export function originOf(command: Uint8Array, { connectionId, remoteAddress, appName }: Client): CursorOrigin {
  const kept = command.length <= originCommandBytesMax ? Uint8Array.from(command) : shortened(command, 0)
  return { command: kept, connectionId, client: remoteAddress, appName }
}

/** A cursor that no getMore uses. */
export async function describeIdleCursor(
  cursor: Cursor,
  around: Surroundings,
): Promise<{ readonly [name: string]: Encodable }> {
  const { origin, sessionKey, namespace } = cursor
  return {
    type: 'idleCursor',
    host: around.facts.host,
    connectionId: origin.connectionId,
    client: origin.client,
    appName: origin.appName,
    ns: namespace,
    lsid: sessionKey === undefined ? undefined : showSession(lsidOf(sessionKey)),
    cursor: await describeCursor(cursor, around),
  }
}

/** What stands under `cursor`. */
export async function describeCursor(cursor: Cursor, around: Surroundings): Promise<Encodable> {
  const { id, source, createdWallMs, use, origin, state } = cursor
  return {
    cursorId: id,
    createdDate: dateValue(createdWallMs),
    lastAccessDate: dateValue(use.lastUsedWallMs),
    nDocsReturned: BigInt(use.documentCount),
    nBatchesReturned: BigInt(use.batchCount),
    noCursorTimeout: false,
    tailable: source.isTailable ?? source.awaitsData,
    awaitData: source.awaitsData,
    originatingCommand: origin.command,
    operationUsingCursorId: state.kind === 'pinned' ? state.by : undefined,
    changeStream: source instanceof ChangeStream ? await describeStream(source, around) : undefined,
  }
}

async function describeStream({ report }: ChangeStream, { env, store }: Surroundings): Promise<Encodable> {
  const { log } = store.engine
  const { count, isExact, ms } = await lagBehind({ log, env }, report.place)
  return {
    scope: report.scope.kind,
    state: report.state,
    readTo: timestampValue(report.readTo),
    newest: timestampValue(log.newest.time),
    // Entries of the whole log, whether the stream will show them or not; of what lies further back than memory, at least so many.
    behind: { entries: BigInt(count), isExact, ms: BigInt(Math.floor(ms)) },
    backlog: { events: BigInt(report.backlog.count), bytes: BigInt(report.backlog.bytes) },
    entriesRead: BigInt(report.entriesRead),
    waiting: report.isWaiting,
  }
}
