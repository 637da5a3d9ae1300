/** The documents of one deployment: an engine, what exists in it, and the world around. */
import type { Env } from '../base/env.ts'
import { retentionDefault, type RetentionPolicy } from '../oplog/retention.ts'
import type { OpenedEngine, Snapshot } from '../storage/engine.ts'
import { Catalog } from './catalog.ts'
import { ClusterParameters } from './cluster-parameters.ts'

export interface Store {
  readonly env: Env
  readonly engine: OpenedEngine
  readonly catalog: Catalog
  readonly settings: StoreSettings
  readonly parameters: ClusterParameters
}

/** What whoever opens a deployment decides about its data. */
export interface StoreSettings {
  readonly retention: RetentionPolicy
  readonly changeStreamImages: ImageKeeping
}

/** Which writes keep pre-images: those to any collection, or those to collections whose option says so. */
export type ImageKeeping = 'always' | 'perCollection'

export function makeStore(env: Env, engine: OpenedEngine, settings: Partial<StoreSettings> = {}): Store {
  return {
    env,
    engine,
    catalog: new Catalog(),
    settings: { retention: retentionDefault, changeStreamImages: 'perCollection', ...settings },
    parameters: new ClusterParameters(),
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
