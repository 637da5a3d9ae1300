/** The collation that commands on a collection have when they name none. */
import type { Value } from '../bson/value.ts'
import { anyCollationKey } from './apply-command.ts'
import type { Namespace } from './namespace.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { withSnapshot, type Store } from './store.ts'

/**
 * The complete specification; undefined when there is none. Every command asks, so as long as no collection ever had one, the
 * catalog is not looked into for it.
 */
export function defaultCollation(store: Store, namespace: Namespace): MaybePromise<Value | undefined> {
  const { catalog } = store
  if (catalog.hasCollations === false) return undefined
  return withSnapshot(store, async snapshot => {
    if (catalog.hasCollations === undefined) {
      const isNoted = (await snapshot.get('meta', anyCollationKey)) !== undefined
      // One may have been created meanwhile.
      catalog.hasCollations ??= isNoted
    }
    if (!catalog.hasCollations) return undefined
    return (await catalog.find(snapshot, namespace))?.collation?.spec
  })
}
