/** One change on its way to the streams: its event is made once for each shape somebody wants. */
import type { Namespace } from '../collection/namespace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { idOf } from '../collection/document-id.ts'
import { recordKey } from '../collection/keys.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import type { MaybePromise } from '../storage/engine.ts'
import type { ChangeBasis } from './change.ts'
import { makeEvent, needsLookup, shapeKeyOf, type ChangeEvent, type EventShape } from './event.ts'

export class Offer {
  readonly change: ChangeBasis
  readonly #store: Store
  readonly #made = new Map<string, MaybePromise<ChangeEvent>>()

  constructor(store: Store, change: ChangeBasis) {
    this.#store = store
    this.change = change
  }

  /** The event in this shape. Its bytes are shared: nobody changes them. */
  eventFor(shape: EventShape, { sameCollection }: { readonly sameCollection: boolean }): MaybePromise<ChangeEvent> {
    const key = `${shapeKeyOf(shape)} ${sameCollection}`
    const made = this.#made.get(key)
    if (made !== undefined) return made
    const event = needsLookup(this.change, shape)
      ? this.#lookUp(sameCollection).then(current => makeEvent(this.change, shape, current))
      : makeEvent(this.change, shape, undefined)
    this.#made.set(key, event)
    return event
  }

  /** The document as it is now, which is at or behind the change; undefined when it, or its collection, is gone. */
  async #lookUp(sameCollection: boolean): Promise<Uint8Array | undefined> {
    const { namespace, documentKey, entry } = this.change
    if (namespace.coll === undefined || documentKey === undefined) return undefined
    const found: Namespace = { db: namespace.db, coll: namespace.coll }
    return withSnapshot(this.#store, async snapshot => {
      const info = await this.#store.catalog.find(snapshot, found)
      if (info === undefined) return undefined
      if (sameCollection && (entry.ui === undefined || !sameBytes(info.uuid, entry.ui))) return undefined
      return snapshot.get('records', recordKey(info.id, idOf(documentKey)))
    })
  }
}
