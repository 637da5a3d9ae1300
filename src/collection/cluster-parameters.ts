/**
 * Settings of the deployment that are changed while it runs and outlive it.
 *
 *   space meta   key  parameter-changeStreamOptions   value  BSON { shown, goneBefore }
 *
 * `shown` is what getClusterParameter shows; pre-images from before `goneBefore` had expired by an earlier setting, and stay gone.
 * Whether a value may be set is for the command to say. They are no part of the log: they say how it is read.
 */
import { must } from '../base/assert.ts'
import { dateValue, encodeDocument, timestampValue } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { BsonType, documentBytes, toDateMs, toInt64 } from '../bson/value.ts'
import type { Engine, Snapshot } from '../storage/engine.ts'

/** Whole seconds that a pre-image lives, or `off` for as long as its log entry. */
export type ImageExpiry = bigint | 'off'

const changeStreamOptions = 'changeStreamOptions'
const storedUnder = Buffer.from(`parameter-${changeStreamOptions}`)

export class ClusterParameters {
  #changeStreamOptions: Uint8Array = encodeChangeStreamOptions('off', 0n)
  #imageSeconds = Infinity
  #goneBeforeMs = 0

  /** By name, in the order of names. */
  get all(): ReadonlyMap<string, Uint8Array> {
    return new Map([[changeStreamOptions, this.#changeStreamOptions]])
  }

  /** Pre-images of writes before this time, in milliseconds since 1970, have expired. */
  imagesGoneBeforeMs(nowMs: number): number {
    return Math.max(this.#goneBeforeMs, nowMs - this.#imageSeconds * 1000)
  }

  /** Takes over what was set before the deployment was opened. */
  async load(snapshot: Snapshot): Promise<void> {
    const stored = await snapshot.get('meta', storedUnder)
    if (stored !== undefined) this.#take(stored)
  }

  /** Resolves when it is durable, and in effect. */
  async setImageExpiry(engine: Engine, expiry: ImageExpiry, nowMs: number): Promise<void> {
    const stored = encodeDocument({
      shown: encodeChangeStreamOptions(expiry, engine.log.newest.time),
      goneBefore: dateValue(this.imagesGoneBeforeMs(nowMs)),
    })
    await engine.write(transaction => transaction.put('meta', storedUnder, stored))
    this.#take(stored)
  }

  #take(stored: Uint8Array): void {
    const field = (document: Uint8Array, name: string) => must(getField(document, name), `${name} of a parameter`)
    const shown = documentBytes(field(stored, 'shown'))
    const expiry = field(documentBytes(field(shown, 'preAndPostImages')), 'expireAfterSeconds')
    this.#changeStreamOptions = shown
    this.#imageSeconds = expiry.type === BsonType.int64 ? Number(toInt64(expiry)) : Infinity
    this.#goneBeforeMs = toDateMs(field(stored, 'goneBefore'))
  }
}

function encodeChangeStreamOptions(expireAfterSeconds: ImageExpiry, time: bigint): Uint8Array {
  return encodeDocument({
    _id: changeStreamOptions,
    clusterParameterTime: timestampValue(time),
    preAndPostImages: { expireAfterSeconds },
  })
}
