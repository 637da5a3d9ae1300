/** Reads that ask for a state no older than one their client has seen. */
import type { Env } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { afterClusterTimeMsMax } from '../base/limits.ts'
import { pause } from '../base/pause.ts'
import type { Store } from '../collection/store.ts'
import { type ClusterTime, showClusterTime } from '../oplog/cluster-time.ts'
import type { Operation } from './operation.ts'

/**
 * Waits until the commit at `time`, or a later one, can be read. Usually it is there: clients learn times from replies, and
 * those tell of nothing that is not durable. Where several processes share the data another one may be ahead a little.
 *
 * @throws CommandError InvalidOptions when there is still no such commit after `afterClusterTimeMsMax`: then the time is not
 *   one of ours. Its `$clusterTime` is not taken over: no client can move the clock of the log.
 */
export async function waitForClusterTime(
  { env, store }: { readonly env: Env; readonly store: Store },
  operation: Operation,
  time: ClusterTime,
): Promise<void> {
  const { log } = store.engine
  if (log.newest.time >= time) return
  const reached = new AbortController()
  const stop = log.onAppend(() => {
    if (log.newest.time >= time) reached.abort()
  })
  await pause(env, afterClusterTimeMsMax, AbortSignal.any([reached.signal, operation.signal]))
  stop()
  operation.check()
  if (log.newest.time >= time) return
  throw new CommandError(
    'InvalidOptions',
    `readConcern afterClusterTime value must not be greater than the current clusterTime. Requested clusterTime: ` +
      `${showClusterTime(time)}; current clusterTime: ${showClusterTime(log.newest.time)}`,
  )
}
