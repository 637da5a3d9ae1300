/** One change on its way to the streams: its event is made once for each shape somebody wants. */
import type { Namespace } from '../collection/namespace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { idOf } from '../collection/document-id.ts'
import { keyOfId } from '../collection/index-entries.ts'
import { withoutExpiredImage } from '../collection/pre-images.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ChangeBasis } from './change.ts'
import { makeEvent, needsLookup, shapeKeyOf, type ChangeEvent, type EventShape } from './event.ts'

export class Offer {
  readonly change: ChangeBasis
  readonly #store: Store
  readonly #made = new Map<string, MaybePromise<ChangeEvent>>()

  constructor(store: Store, change: ChangeBasis) {
    this.#store = store
    const entry = withoutExpiredImage(store, change.entry)
    this.change = entry === change.entry ? change : { ...change, entry }
  }

  /** The event in this shape. Its bytes are shared: nobody changes them. Rejects when the document cannot be looked up. */
  eventFor(shape: EventShape): MaybePromise<ChangeEvent> {
    const key = shapeKeyOf(shape)
    const made = this.#made.get(key)
    if (made !== undefined) return made
    const event = needsLookup(this.change, shape)
      ? this.#lookUp(shape).then(current => makeEvent(this.change, shape, current))
      : makeEvent(this.change, shape, undefined)
    this.#made.set(key, event)
    return event
  }

  /** The document as it is now, which is at or behind the change; undefined when it, or its collection, is gone. */
  async #lookUp({ matchCollectionUUIDForUpdateLookup }: EventShape): Promise<Uint8Array | undefined> {
    const { namespace, documentKey, entry } = this.change
    if (namespace.coll === undefined || documentKey === undefined) return undefined
    const found: Namespace = { db: namespace.db, coll: namespace.coll }
    return withSnapshot(this.#store, async snapshot => {
      const info = await this.#store.catalog.find(snapshot, found)
      if (info === undefined) return undefined
      const isSame = entry.ui !== undefined && sameBytes(info.uuid, entry.ui)
      if (matchCollectionUUIDForUpdateLookup && !isSame) return undefined
      const key = await keyOfId(snapshot, info, idOf(documentKey))
      return key && snapshot.get('records', key)
    })
  }
}
