/** The documents of one deployment: an engine, what exists in it, and the world around. */
import type { Env } from '../base/env.ts'
import { heldBytesMax } from '../base/limits.ts'
import { MemoryPool } from '../base/memory-pool.ts'
import { Pace } from '../base/pace.ts'
import { retentionDefault, type RetentionPolicy } from '../oplog/retention.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { OpenedEngine, Snapshot } from '../storage/engine.ts'
import type { Log } from '../base/log.ts'
import { rootVariables } from '../expression/variables.ts'
import { CappedNews } from './capped-news.ts'
import { Catalog } from './catalog.ts'
import { ClusterParameters } from './cluster-parameters.ts'

export interface Store {
  readonly env: Env
  readonly engine: OpenedEngine
  readonly catalog: Catalog
  readonly settings: StoreSettings
  readonly parameters: ClusterParameters
  readonly cappedNews: CappedNews
  readonly log: Pick<Log, 'warn'>
  /** Whether this is how a multi-document transaction sees the documents. */
  readonly isTransaction: boolean
  /** What reads hold. */
  readonly memory: MemoryPool
}

/** What whoever opens a deployment decides about its data. */
export interface StoreSettings {
  readonly retention: RetentionPolicy
  readonly changeStreamImages: ImageKeeping
}

/** Which writes keep pre-images: those to any collection, or those to collections whose option says so. */
export type ImageKeeping = 'always' | 'perCollection'

export interface StoreOptions extends Partial<StoreSettings> {
  /** Where what validators warn of goes; undefined for nowhere. */
  readonly log?: Pick<Log, 'warn'>
}

const nowhere: Pick<Log, 'warn'> = { warn: () => undefined }

export function makeStore(
  env: Env,
  engine: OpenedEngine,
  { log = nowhere, retention = retentionDefault, changeStreamImages = 'perCollection' }: StoreOptions = {},
): Store {
  // For validators, which live longer than a command: the time is that of each look at a document.
  const variables = rootVariables({
    get nowMs() {
      return env.wallMs()
    },
    get clusterTime() {
      return engine.log.newest.time
    },
  })
  return {
    env,
    engine,
    catalog: new Catalog(variables, new Pace(env)),
    settings: { retention, changeStreamImages },
    parameters: new ClusterParameters(),
    cappedNews: new CappedNews(env, engine),
    log,
    isTransaction: false,
    memory: new MemoryPool(heldBytesMax),
  }
}

/**
 * Runs `read` on a snapshot and lets it go, however the reading ended. At once where nobody has to be waited for: that takes as long as a
 * small read.
 */
export function withSnapshot<T>(store: Store, read: (snapshot: Snapshot) => MaybePromise<T>): MaybePromise<T> {
  const taken = store.engine.snapshot()
  return taken instanceof Promise ? taken.then(snapshot => readAndClose(snapshot, read)) : readAndClose(taken, read)
}

function readAndClose<T>(snapshot: Snapshot, read: (snapshot: Snapshot) => MaybePromise<T>): MaybePromise<T> {
  let result: MaybePromise<T> | undefined
  try {
    result = read(snapshot)
    return result instanceof Promise ? result.finally(() => snapshot.close()) : result
  } finally {
    if (!(result instanceof Promise)) snapshot.close()
  }
}
