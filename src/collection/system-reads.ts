/** Reads of the namespaces that are views of the log. */
import { createHash } from 'node:crypto'
import type { Pace } from '../base/pace.ts'
import { equalValues } from '../bson/compare.ts'
import { nullValue } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import type { Match } from '../query/match.ts'
import { uuidFrom } from './create.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import type { SystemNamespace } from './system-namespace.ts'
import * as members from './system-namespaces/all.ts'

/** All of them, in the order of their names. */
export const systemNamespaces: readonly SystemNamespace[] = Object.values(members)

const byName = new Map(systemNamespaces.map(member => [showNamespace(member.namespace), member]))

/** Undefined for a namespace that is, or could be, a stored collection. */
export function findSystemNamespace({ db, coll }: Namespace): SystemNamespace | undefined {
  // Asked with each read, of which hardly any is of these databases.
  return db === 'local' || db === 'config' ? byName.get(`${db}.${coll}`) : undefined
}

/** 16 bytes, the same as long as the data lives: it is made of the deployment's id. */
export function uuidOfSystemNamespace({ engine }: Store, { namespace }: SystemNamespace): Uint8Array {
  const digest = createHash('sha256').update(engine.deploymentId).update(showNamespace(namespace)).digest()
  return uuidFrom(digest.subarray(0, 16))
}

/** A filter as read.ts has compiled it. */
export interface SystemSelection {
  readonly filter: Value
  readonly match: Match
  /** `match` may leave what these pin to whoever looks documents up by their _id. */
  readonly ids: readonly Value[] | undefined
}

/** The documents that the selection matches, in natural order or against it. */
export async function* readSystemNamespace(
  store: Store,
  system: SystemNamespace,
  selection: SystemSelection,
  { pace, reverse }: { readonly pace: Pace; readonly reverse: boolean },
): AsyncGenerator<Uint8Array> {
  for await (const document of system.read(store, selection.filter, { reverse })) {
    const pause = pace.step()
    if (pause !== undefined) await pause
    if (selects(selection, document)) yield document
  }
}

/** Whether a document of such a namespace is one of those meant. */
export function selects({ match, ids }: SystemSelection, document: Uint8Array): boolean {
  return match(document) && (ids === undefined || isPinned(document, ids))
}

function isPinned(document: Uint8Array, ids: readonly Value[]): boolean {
  const id = getField(document, '_id') ?? nullValue
  return ids.some(pinned => equalValues(id, pinned))
}
