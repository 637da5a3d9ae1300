/** The documents of one deployment: an engine, what exists in it, and the world around. */
import type { Env } from '../base/env.ts'
import { heldBytesMax } from '../base/limits.ts'
import { MemoryPool } from '../base/memory-pool.ts'
import { Pace } from '../base/pace.ts'
import { retentionDefault, type RetentionPolicy } from '../oplog/retention.ts'
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

/** Runs `read` on a snapshot and lets it go, however the reading ended. */
export async function withSnapshot<T>(store: Store, read: (snapshot: Snapshot) => T | Promise<T>): Promise<T> {
  const snapshot = await store.engine.snapshot()
  try {
    return await read(snapshot)
  } finally {
    snapshot.close()
  }
}
