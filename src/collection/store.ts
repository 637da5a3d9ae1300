/** The documents of one deployment: an engine, what exists in it, and the world around. */
import type { Env } from '../base/env.ts'
import type { OpenedEngine, Snapshot } from '../storage/engine.ts'
import { Catalog } from './catalog.ts'

export interface Store {
  readonly env: Env
  readonly engine: OpenedEngine
  readonly catalog: Catalog
}

export function makeStore(env: Env, engine: OpenedEngine): Store {
  return { env, engine, catalog: new Catalog() }
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
