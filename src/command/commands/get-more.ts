/** The next batch of a cursor; of a change stream, or of a tailable cursor that awaits data, it waits for one. */
import { awaitDataMsDefault } from '../../base/limits.ts'
import { CommandError } from '../../base/errors.ts'
import type { Command, CommandContext, Reply } from '../command.ts'
import { cursorReply, ownerOf } from '../cursor-reply.ts'
import { count, int64, optional, readFields, string, withoutEffect } from '../fields.ts'
import type { Cursor } from '../../cursor/registry.ts'

const table = {
  getMore: int64,
  collection: string,
  batchSize: optional(count, 0),
  term: withoutEffect, // Of replication between servers.
  lastKnownCommittedOpTime: withoutEffect, // The same.
}

export const command: Command = {
  name: 'getMore',
  inApiVersion1: true,
  countsItself: true,
  waitsMaxTime: true,
  transactional: 'later statement',
  async run(request, context) {
    const { getMore: id, collection, batchSize } = readFields(request, table)
    context.counters.operations.getmore++
    const namespace = `${request.db}.${collection}`
    const countMax = batchSize === 0 ? Infinity : batchSize
    const { operation } = context
    const more = async (): Promise<Reply> => {
      const reply = await nextBatch(context, id, namespace, countMax)
      if (reply.isLast) operation.repeat = undefined
      return reply.fields
    }
    if (operation.exhaustAllowed) operation.repeat = more
    return more()
  },
}

async function nextBatch(
  context: CommandContext,
  id: bigint,
  namespace: string,
  countMax: number,
): Promise<{ fields: Reply; isLast: boolean }> {
  const { cursors, operation, failPoints } = context
  const cursor = cursors.pin(id, namespace, { ...ownerOf(operation), operationId: operation.id })
  try {
    requireSameTransaction(cursor, operation.transactionId?.txnNumber)
    requireWaiting(cursor, operation.maxTimeMs)
    operation.isChangeStream = cursor.isChangeStream
    operation.awaitsNews = cursor.source.awaitsData
    failPoints.afterCursorCheckout()
  } catch (error) {
    cursors.unpin(id)
    throw error
  }
  const signal = AbortSignal.any([operation.signal, cursor.signal])
  const check = () => {
    operation.check()
    if (cursor.signal.aborted) throw cursorKilled(id)
  }
  try {
    const batch = await cursor.source.next({
      countMax,
      waitMs: operation.maxTimeMs ?? awaitDataMsDefault,
      signal,
      check,
    })
    check()
    if (batch.exhausted) cursors.close(id, 'exhausted')
    else cursors.unpin(id, batch.documents.length)
    return { fields: cursorReply('nextBatch', batch, batch.exhausted ? 0n : id, namespace), isLast: batch.exhausted }
  } catch (error) {
    // Any error while it ran ends a cursor: nobody knows which documents were lost with the reply.
    cursors.close(id, 'failed')
    throw error instanceof CommandError ? error.during('Executor error during getMore') : error
  }
}

// These words are the server's: by them the Node driver's streams end quietly when they are closed while they wait.
const cursorKilled = (id: bigint): CommandError =>
  new CommandError('CursorKilled', `operation was interrupted: cursor id ${id} was killed`)

function requireSameTransaction({ id, txnNumber: own }: Cursor, asking: bigint | undefined): void {
  if (own === asking) return
  const what = `Cannot run getMore on cursor ${id}, which was`
  if (own === undefined) {
    throw new CommandError('Location50739', `${what} not created in a transaction, in transaction ${asking}`)
  }
  throw asking === undefined
    ? new CommandError('Location50740', `${what} created in transaction ${own}, without a txnNumber`)
    : new CommandError('Location50741', `${what} created in transaction ${own}, in transaction ${asking}`)
}

function requireWaiting({ source }: Cursor, maxTimeMs: number | undefined): void {
  if (maxTimeMs === undefined || maxTimeMs === 0 || source.awaitsData) return
  throw new CommandError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor')
}
