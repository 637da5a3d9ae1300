/**
 * What a stream shows of the changes: those its scope sees, as events of its shape, after the user's stages. A view has no place
 * in the log and knows no client, so streams with equal views share one evaluation (audiences.ts).
 */
import type { ChangeStreamPipeline } from '../aggregate/pipeline.ts'
import { CommandError } from '../base/errors.ts'
import { documentBytesInternalMax } from '../base/limits.ts'
import type { Collation } from '../bson/collation.ts'
import { sameBytes } from '../bson/bytes.ts'
import { fieldName, findField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, documentBytes, documentValue, type Value } from '../bson/value.ts'
import type { TokenVersion } from '../oplog/resume-token.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Position } from '../storage/engine.ts'
import { tokenOf, type ChangeBasis } from './change.ts'
import { makeInvalidate, shapeKeyOf, type ChangeEvent } from './event.ts'
import type { Offer } from './offer.ts'
import type { ChangeStreamOptions } from './options.ts'
import { conditionsOf, type Conditions } from './predicates.ts'
import { isInvalidatedBy, scopeKeyOf, showsSystem, watchesChange } from './scope.ts'
import { splitEvent, type Fragment } from './split.ts'

/** What a change came to: documents to deliver, or what ends the stream. Positions are those of the change. */
export type Item =
  | { readonly kind: 'event'; readonly position: Position; readonly token: Uint8Array; readonly document: Uint8Array }
  /** The stream ends behind it. Without a document where the stages filtered it out. */
  | {
      readonly kind: 'invalidate'
      readonly position: Position
      readonly token: Uint8Array
      readonly document: Uint8Array | undefined
    }
  /** The stream ends with it. */
  | { readonly kind: 'error'; readonly position: Position; readonly error: unknown }

/** Whether nothing can come behind these items. */
export const isEnd = (items: readonly Item[]): boolean => (items.at(-1)?.kind ?? 'event') !== 'event'

export interface ViewParts {
  readonly options: Pick<ChangeStreamOptions, 'scope' | 'shape'>
  /** The user's stages as they came, and what was compiled of them. */
  readonly stages: readonly Value[]
  readonly collation: Collation | undefined
  readonly pipeline: ChangeStreamPipeline
  /** Raised for each event that is too large, once for all streams with equal views. */
  readonly largeEvents: LargeEvents
}

/** How often an event was too large for one document: it was split, or the stream failed with it. */
export interface LargeEvents {
  split: number
  failed: number
}

const nothing: readonly Item[] = []

export class View {
  readonly scope: ChangeStreamOptions['scope']
  readonly shape: ChangeStreamOptions['shape']
  /** What is asked of an event for certain. It only prunes. */
  readonly conditions: Conditions
  /** Equal for views that make the same of every change; undefined for one that is like no other. */
  readonly key: string | undefined
  readonly #apply: ChangeStreamPipeline['apply']
  readonly #splitLargeEvents: boolean
  readonly #largeEvents: LargeEvents

  constructor(parts: ViewParts) {
    const { options, stages, collation, pipeline, largeEvents } = parts
    this.scope = options.scope
    this.shape = options.shape
    this.conditions = conditionsOf(stages, collation)
    this.key = keyOf(parts)
    this.#apply = pipeline.apply
    this.#splitLargeEvents = pipeline.splitLargeEvents
    this.#largeEvents = largeEvents
  }

  /** Whether the stages are asked about such a change at all. */
  sees(change: ChangeBasis): boolean {
    return (this.shape.showExpandedEvents || !change.isExpanded) && watchesChange(this.scope, change)
  }

  /**
   * What a change comes to here: usually nothing or one item. Never throws: what goes wrong is an item. Synchronous unless a
   * document has to be looked up.
   */
  evaluate(offer: Offer): MaybePromise<readonly Item[]> {
    const { change } = offer
    if (!this.sees(change)) return nothing
    let event: MaybePromise<ChangeEvent>
    try {
      event = offer.eventFor(this.shape)
    } catch (error) {
      return failed(change, error)
    }
    if (!(event instanceof Promise)) return this.#itemsOf(change, event)
    return event.then(
      made => this.#itemsOf(change, made),
      (error: unknown) => failed(change, error),
    )
  }

  #itemsOf(change: ChangeBasis, event: ChangeEvent): readonly Item[] {
    const items = this.#eventItems(change, event)
    return isInvalidatedBy(this.scope, change) && !isEnd(items) ? [...items, ...this.invalidation(change)] : items
  }

  #eventItems(change: ChangeBasis, { event, token, missingImage }: ChangeEvent): readonly Item[] {
    const { position } = change
    try {
      const document = this.#apply(event)
      if (document === undefined) return nothing
      if (missingImage !== undefined) throw missingImage
      requireToken(document, token)
      const fragments = this.#fit(change, document)
      if (fragments !== undefined) return fragments.map(fragment => ({ kind: 'event', position, ...fragment }))
      return [{ kind: 'event', position, token, document }]
    } catch (error) {
      return failed(change, error)
    }
  }

  /** The fragments of an event that is too large for one document; undefined when it is not. @throws CommandError. */
  #fit(change: ChangeBasis, document: Uint8Array): readonly Fragment[] | undefined {
    try {
      if (!this.#splitLargeEvents) {
        requireSize(document)
        return undefined
      }
      // Only tokens of version 2 can tell one fragment from another.
      const tokenOfFragment = (fragmentNum: number) =>
        tokenOf(change, { version: 2, fromInvalidate: false, fragmentNum })
      const fragments = splitEvent(document, { tokenOf: tokenOfFragment })
      if (fragments !== undefined) this.#largeEvents.split++
      return fragments
    } catch (error) {
      this.#largeEvents.failed++
      throw error
    }
  }

  /** The end of the stream behind a change that invalidates it. `version` is that of its token. Never throws. */
  invalidation(change: ChangeBasis, version: TokenVersion = this.shape.tokenVersion): readonly Item[] {
    const { position } = change
    try {
      const { event, token } = makeInvalidate(change, { version })
      const document = this.#apply(event)
      if (document !== undefined) requireToken(document, token)
      return [{ kind: 'invalidate', position, token, document }]
    } catch (error) {
      return failed(change, error)
    }
  }
}

/** Stages that know variables of their command, or chance, make of an event what others would not. */
function keyOf({ options: { scope, shape }, stages, collation }: ViewParts): string | undefined {
  if (collation !== undefined) return undefined
  const bytes = Buffer.concat(stages.map(documentBytes))
  if (bytes.includes('$$') || bytes.includes('$rand')) return undefined
  return [scopeKeyOf(scope), showsSystem(scope), shapeKeyOf(shape), bytes.toString('latin1')].join('\0')
}

const failed = ({ position }: ChangeBasis, error: unknown): readonly Item[] => [{ kind: 'error', position, error }]

const idField = fieldName('_id')

/** The pipeline may change everything but the token: without it nobody could resume behind this event. */
function requireToken(document: Uint8Array, token: Uint8Array): void {
  const id = findField(document, 0, idField)
  if (id?.type === BsonType.document && sameBytes(documentBytes(id), token)) return
  throw new CommandError(
    'ChangeStreamFatalError',
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the ' +
      '_id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the ' +
      `unmodified _id field are allowed. Expected: { _id: ${show(documentValue(token))} } but found: ${
        id === undefined ? '{}' : `{ _id: ${show(id)} }`
      }`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}

function requireSize(document: Uint8Array): void {
  if (document.length <= documentBytesInternalMax) return
  throw new CommandError(
    'BSONObjectTooLarge',
    `BSONObj size: ${document.length} is invalid. Size must be between 0 and ${documentBytesInternalMax}(16MB)`,
  )
}
