/** What a change stream watches: a collection, a database, or the whole deployment. */
import { isInternalDatabase, showNamespace, type Namespace } from '../collection/namespace.ts'
import { bucketsPrefix } from '../collection/views.ts'
import type { ChangeBasis } from './change.ts'

export type Scope =
  | { readonly kind: 'collection'; readonly namespace: Namespace }
  | { readonly kind: 'database'; readonly db: string; readonly showsSystem: boolean }
  /** `showsSystem`: also the collections of the server's own that `showSystemEvents` is for. */
  | { readonly kind: 'deployment'; readonly showsSystem: boolean }

/** Where changes of the scope are found: equal for scopes that differ in nothing else. No database is called the empty string, and none has a dot in its name. */
export function scopeKeyOf(scope: Scope): string {
  switch (scope.kind) {
    case 'collection':
      return showNamespace(scope.namespace)
    case 'database':
      return scope.db
    case 'deployment':
      return ''
  }
}

/** Whether collections of the server's own are seen. */
export const showsSystem = (scope: Scope): boolean => scope.kind !== 'collection' && scope.showsSystem

/** What `showSystemEvents` shows. Source: MongoDB 8.0, the namespaces of a change stream. */
const isShownSystemName = (coll: string): boolean =>
  coll === 'system.js' || coll.startsWith(bucketsPrefix) || coll.startsWith('system.resharding.')

/** Whether a change of this namespace can be seen in the scope. Internal databases never are. */
export function watches(
  scope: Scope,
  { db, coll }: { readonly db: string; readonly coll: string | undefined },
): boolean {
  if (coll !== undefined && (coll.startsWith('system.') || coll.startsWith('$'))) {
    if (!showsSystem(scope) || !isShownSystemName(coll)) return false
  }
  switch (scope.kind) {
    case 'collection':
      return db === scope.namespace.db && coll === scope.namespace.coll
    case 'database':
      return db === scope.db
    case 'deployment':
      return !isInternalDatabase(db)
  }
}

/** Whether the scope sees a change: by its namespace, a rename also by its target. No collection sees those of a view. */
export function watchesChange(scope: Scope, { namespace, to, isOfView }: ChangeBasis): boolean {
  if (isOfView && scope.kind === 'collection') return false
  return watches(scope, namespace) || (to !== undefined && watches(scope, to))
}

/** Whether a stream of this scope ends with that change. Source: MongoDB manual, "Change events", invalidate. */
export function isInvalidatedBy(scope: Scope, { operationType, isOfView }: ChangeBasis): boolean {
  if (isOfView) return false
  if (scope.kind === 'collection') return operationType === 'drop' || operationType === 'rename'
  return scope.kind === 'database' && operationType === 'dropDatabase'
}

/** Whether there can be a stream that ends with that change. */
export function mayInvalidate({ operationType, isOfView }: ChangeBasis): boolean {
  return !isOfView && (operationType === 'drop' || operationType === 'rename' || operationType === 'dropDatabase')
}
