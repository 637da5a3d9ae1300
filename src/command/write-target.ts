/** What a write command may write to. */
import { requireUserCollection } from '../collection/create.ts'
import type { Namespace } from '../collection/namespace.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import { requireNoView } from '../collection/views.ts'

/** @throws CommandError CommandNotSupportedOnView, InvalidNamespace for a collection of the server's own. */
export async function requireWritable(store: Store, namespace: Namespace): Promise<void> {
  requireUserCollection(namespace)
  await withSnapshot(store, async snapshot => {
    if ((await store.catalog.find(snapshot, namespace)) === undefined) {
      await requireNoView(snapshot, store.catalog, namespace)
    }
  })
}
