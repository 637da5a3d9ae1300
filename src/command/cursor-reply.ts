/** The first and the next batches of a cursor, as replies. */
import { CommandError } from '../base/errors.ts'
import { timestampValue } from '../bson/encode.ts'
import type { CursorOwner } from '../cursor/registry.ts'
import type { Batch, BatchLimits, CursorSource } from '../cursor/source.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { sessionKeyOf } from '../session/sessions.ts'
import type { CommandContext, Operation, Reply } from './command.ts'
import { originOf } from './describe-cursor.ts'

export interface FirstBatchOptions {
  /** `db.coll` as the reply and later getMores name it. */
  readonly namespace: string
  /** Documents in the first batch; Infinity for no limit. */
  readonly batchSize: number
  readonly isChangeStream?: boolean
  /** Put in front of what goes wrong while the batch is made. */
  readonly doing?: string
  /** Nothing is kept open behind the first batch. */
  readonly singleBatch?: boolean
}

/** Takes the first batch and keeps the cursor if something may follow. The source is closed if anything fails. */
export function firstBatch(
  context: CommandContext,
  source: CursorSource,
  options: FirstBatchOptions,
): MaybePromise<Reply> {
  let batch: MaybePromise<Batch>
  try {
    batch = source.next(new FirstLimits(context.operation, options.batchSize))
  } catch (error) {
    throw failed(source, options, error)
  }
  return batch instanceof Promise
    ? awaitedBatch(context, source, batch, options)
    : replyWith(context, source, batch, options)
}

async function awaitedBatch(
  context: CommandContext,
  source: CursorSource,
  batch: Promise<Batch>,
  options: FirstBatchOptions,
): Promise<Reply> {
  const { sessions, operation } = context
  let taken: Batch
  try {
    taken = await batch
    // Ended meanwhile, the session begins anew: else the cursor would belong to none that can end.
    if (!taken.exhausted && operation.lsid !== undefined) sessions.touch(operation.lsid)
  } catch (error) {
    throw failed(source, options, error)
  }
  return replyWith(context, source, taken, options)
}

/** Lets the source go. What to throw. */
function failed(source: CursorSource, { doing }: FirstBatchOptions, error: unknown): unknown {
  source.close()
  return doing !== undefined && error instanceof CommandError ? error.during(doing) : error
}

/** Nobody waits for the first batch. */
class FirstLimits implements BatchLimits {
  readonly countMax: number
  readonly waitMs = 0
  readonly #operation: Operation

  constructor(operation: Operation, countMax: number) {
    this.#operation = operation
    this.countMax = countMax
  }

  // Both are made when somebody asks for them: most sources never look.

  get check(): () => void {
    return () => this.#operation.check()
  }

  get signal(): AbortSignal {
    return this.#operation.signal
  }
}

function replyWith(
  { cursors, operation, client }: CommandContext,
  source: CursorSource,
  taken: Batch,
  { namespace, isChangeStream = false, singleBatch = false }: FirstBatchOptions,
): Reply {
  const { atClusterTime, transaction } = operation
  const batch =
    atClusterTime === undefined ? taken : { ...taken, extra: { atClusterTime: timestampValue(atClusterTime) } }
  if (batch.exhausted || singleBatch) {
    source.close()
    return cursorReply('firstBatch', batch, 0n, namespace)
  }
  const txnNumber = transaction?.txnNumber
  const { id } = cursors.open({
    source,
    namespace,
    txnNumber,
    isChangeStream,
    ...ownerOf(operation),
    origin: originOf(operation.request.body, client),
    firstCount: batch.documents.length,
  })
  transaction?.onEnd(() => cursors.close(id, 'killed'))
  return cursorReply('firstBatch', batch, id, namespace)
}

/** Whose cursor it is that a command opens, or asks for more of. */
export function ownerOf({ lsid, apiParameters }: Operation): CursorOwner {
  return { sessionKey: lsid && sessionKeyOf(lsid), apiParameters }
}

/** `{ cursor: { firstBatch | nextBatch, …extra, id, ns } }`, in the server's order. */
export function cursorReply(
  name: 'firstBatch' | 'nextBatch',
  { documents, extra }: Batch,
  id: bigint,
  namespace: string,
): Reply {
  const isFirst = name === 'firstBatch'
  if (extra !== undefined) {
    return {
      cursor: { ...(isFirst ? { firstBatch: documents } : { nextBatch: documents }), ...extra, id, ns: namespace },
    }
  }
  // Most replies: an object whose fields are known beforehand is made several times faster.
  return {
    cursor: isFirst ? { firstBatch: documents, id, ns: namespace } : { nextBatch: documents, id, ns: namespace },
  }
}
