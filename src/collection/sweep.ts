/** Jobs beside the work: what dropped collections left, unfinished indexes, expired documents and retry records. */
import { retryRecordAgeMsMax } from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import { encodeDocument } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { documentValue, isNumber } from '../bson/value.ts'
import { toNearestDouble } from '../bson/number.ts'
import type { Range, Space } from '../storage/engine.ts'
import { readUint32BE } from './big-endian.ts'
import { dropCollection } from './ddl.ts'
import { abandonIndexes } from './indexes.ts'
import { keyAfter, rangeOf } from './keys.ts'
import { deleteAll } from './modify.ts'
import { compileSelection } from './read.ts'
import { retryRecordWallMs } from './retry.ts'
import { withSnapshot, type Store } from './store.ts'

const pieceLimits = { countMax: 1000, bytesMax: 1024 * 1024 }

/** Removes what nobody can reach any more: records of dropped collections, entries of dropped indexes. */
export async function sweepGarbage(store: Store): Promise<void> {
  for (const space of ['records', 'index'] as const) {
    const from = Buffer.from(`garbage-${space}-`)
    const to = Buffer.from(`garbage-${space}.`)
    const notes = await withSnapshot(store, snapshot => snapshot.scan('meta', { from, to }, pieceLimits))
    for (const { key } of notes) {
      await removeRange(store, space, rangeOf(readUint32BE(key, from.length)))
      await store.engine.write(transaction => transaction.delete('meta', key))
    }
  }
}

async function removeRange(store: Store, space: Space, range: { from: Uint8Array; to: Uint8Array }): Promise<void> {
  for (;;) {
    const piece = await withSnapshot(store, snapshot => snapshot.scan(space, range, pieceLimits))
    if (piece.length === 0) return
    await store.engine.write(transaction => {
      for (const { key } of piece) transaction.delete(space, key)
    })
  }
}

/** At a start: an index that is still marked as building belongs to nobody. */
export async function sweepUnfinishedIndexes(store: Store): Promise<void> {
  const collections = await withSnapshot(store, snapshot => store.catalog.list(snapshot))
  for (const { namespace, indexes } of collections) {
    const unfinished = indexes.filter(({ building }) => building)
    if (unfinished.length === 0) continue
    await store.engine.write(transaction => abandonIndexes(transaction, store, namespace, unfinished))
  }
}

/** At a start: a collection that was filled to take another's place, and did not get there, belongs to nobody. */
export async function sweepTemporaryCollections(store: Store): Promise<void> {
  const collections = await withSnapshot(store, snapshot => store.catalog.list(snapshot))
  for (const { namespace, options } of collections) {
    if (getField(options, 'temp') !== undefined) await dropCollection(store, namespace)
  }
}

/** Forgets what sessions did that wrote nothing for `retryRecordAgeMsMax`: no driver repeats a write that late. */
export async function sweepRetryRecords(store: Store): Promise<void> {
  const before = store.env.wallMs() - retryRecordAgeMsMax
  let range: Range = { from: new Uint8Array(0), to: Buffer.alloc(17, 0xff) }
  for (;;) {
    const piece = await withSnapshot(store, snapshot => snapshot.scan('session', range, pieceLimits))
    const last = piece.at(-1)
    if (last === undefined) return
    const old = piece.filter(({ value }) => retryRecordWallMs(value) < before)
    if (old.length > 0) {
      await store.engine.write(async transaction => {
        for (const { key } of old) {
          const value = await transaction.get('session', key)
          if (value !== undefined && retryRecordWallMs(value) < before) transaction.delete('session', key)
        }
      })
    }
    range = { ...range, from: keyAfter(last.key) }
  }
}

/**
 * Deletes the documents whose time is over by a TTL index, by that of a clustered or of a time-series collection. Each deletion is
 * an ordinary one, with its event.
 */
export async function sweepExpired(store: Store): Promise<void> {
  const collections = await withSnapshot(store, snapshot => store.catalog.list(snapshot))
  for (const { namespace, indexes, options, timeSeries } of collections) {
    const ownPath = timeSeries === undefined ? '_id' : `control.max.${timeSeries.timeField}`
    const expiries = [
      { seconds: getField(options, 'expireAfterSeconds'), path: ownPath },
      ...indexes.map(({ spec, fields }) => ({ seconds: getField(spec, 'expireAfterSeconds'), path: fields[0]?.[0] })),
    ]
    for (const { seconds, path } of expiries) {
      if (!isNumber(seconds) || path === undefined) continue
      const before = new Date(store.env.wallMs() - toNearestDouble(seconds) * 1000)
      const filter = documentValue(encodeDocument({ [path]: { $lt: before } }))
      await deleteAll(store, {
        namespace,
        selection: compileSelection(filter, {}),
        sort: undefined,
        pace: new Pace(store.env),
        bypassesValidation: false,
        retryable: undefined,
        stmtId: 0,
        keepsValue: undefined,
      })
    }
  }
}
