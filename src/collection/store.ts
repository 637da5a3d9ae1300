/** The documents of one deployment: an engine, what exists in it, and the world around. */
import type { Env } from '../base/env.ts'
import type { OpenedEngine, Snapshot } from '../storage/engine.ts'
import type { Log } from '../base/log.ts'
import { rootVariables } from '../expression/variables.ts'
import { CappedNews } from './capped-news.ts'
import { Catalog } from './catalog.ts'

export interface Store {
  readonly env: Env
  readonly engine: OpenedEngine
  readonly catalog: Catalog
  readonly cappedNews: CappedNews
  readonly log: Pick<Log, 'warn'>
  /** Whether this is how a multi-document transaction sees the documents. */
  readonly isTransaction: boolean
}

export function makeStore(env: Env, engine: OpenedEngine, log: Pick<Log, 'warn'>): Store {
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
    catalog: new Catalog(variables),
    cappedNews: new CappedNews(env, engine),
    log,
    isTransaction: false,
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
