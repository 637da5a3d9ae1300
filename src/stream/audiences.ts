/**
 * The live streams, found by what they can see.
 *
 *   scope ──▶ group: shape, operation types ──▶ condition's value ──▶ audience: equal views ──▶ streams
 *
 * Each step only leaves out who cannot want a change; the views of those that remain decide, once for each audience.
 */
import { showNamespace } from '../collection/namespace.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { ChangeBasis } from './change.ts'
import { shapeKeyOf } from './event.ts'
import type { Offer } from './offer.ts'
import { ConditionIndex } from './predicates.ts'
import { isInvalidatedBy, scopeKeyOf, type Scope } from './scope.ts'
import type { Item, View } from './view.ts'

/** A live stream, as the hub knows it. Neither of its functions throws. */
export interface Subscriber {
  readonly view: View
  /** What a change that was just committed came to; at least one item. */
  take(items: readonly Item[]): void
  /** The log could not be read. The stream ends with that error. */
  fail(error: unknown): void
}

/** Streams with equal views. */
export interface Audience {
  readonly view: View
  readonly members: Set<Subscriber>
}

/** Audiences whose events look the same. */
interface Group {
  readonly scope: Scope
  readonly shape: View['shape']
  /** Other changes do not concern them; undefined for all. */
  readonly operationTypes: readonly string[] | undefined
  readonly index: ConditionIndex<Audience>
}

export class Audiences {
  /** By scope, then by shape and operation types. */
  readonly #groups = new Map<string, Map<string, Group>>()
  /** By the view's key, or by the view that is shared with nobody. */
  readonly #audiences = new Map<string | View, Audience>()
  #count = 0

  /** How many streams there are. */
  get count(): number {
    return this.#count
  }

  add(subscriber: Subscriber): void {
    const { view } = subscriber
    const key = view.key ?? view
    let audience = this.#audiences.get(key)
    if (audience === undefined) {
      audience = { view, members: new Set() }
      this.#audiences.set(key, audience)
      this.#groupOf(view).index.add(audience, view.conditions.condition)
    }
    audience.members.add(subscriber)
    this.#count++
  }

  /** False when it is not there. */
  remove(subscriber: Subscriber): boolean {
    const key = subscriber.view.key ?? subscriber.view
    const audience = this.#audiences.get(key)
    if (audience?.members.delete(subscriber) !== true) return false
    this.#count--
    if (audience.members.size === 0) {
      this.#audiences.delete(key)
      this.#leaveGroup(audience)
    }
    return true
  }

  /** The streams that are there now. */
  all(): Subscriber[] {
    return [...this.#audiences.values()].flatMap(({ members }) => [...members])
  }

  /** Those that may see the change, each once. Promises where a document has to be looked up to tell. */
  find(offer: Offer): MaybePromise<Iterable<Audience>>[] {
    const { change } = offer
    const found: MaybePromise<Iterable<Audience>>[] = []
    for (const key of scopeKeysOf(change)) {
      for (const group of this.#groups.get(key)?.values() ?? []) {
        if (change.isExpanded && !group.shape.showExpandedEvents) continue
        found.push(findIn(group, offer))
      }
    }
    return found
  }

  #groupOf(view: View): Group {
    const scopeKey = scopeKeyOf(view.scope)
    const groups = this.#groups.get(scopeKey) ?? new Map<string, Group>()
    this.#groups.set(scopeKey, groups)
    const key = groupKeyOf(view)
    const group = groups.get(key) ?? {
      scope: view.scope,
      shape: view.shape,
      operationTypes: view.conditions.operationTypes,
      index: new ConditionIndex(),
    }
    groups.set(key, group)
    return group
  }

  #leaveGroup(audience: Audience): void {
    const { view } = audience
    const scopeKey = scopeKeyOf(view.scope)
    const groups = this.#groups.get(scopeKey)
    const key = groupKeyOf(view)
    const group = groups?.get(key)
    group?.index.delete(audience, view.conditions.condition)
    if (group?.index.all.size === 0) groups?.delete(key)
    if (groups?.size === 0) this.#groups.delete(scopeKey)
  }
}

const nobody: readonly Audience[] = []

function findIn({ scope, shape, operationTypes, index }: Group, offer: Offer): MaybePromise<Iterable<Audience>> {
  const { change } = offer
  // Also a stream that filters out the invalidate ends with it.
  if (isInvalidatedBy(scope, change)) return index.all
  if (operationTypes?.includes(change.operationType) === false) return nobody
  if (index.isUnconditional) return index.all
  // Where the event cannot be made, each finds that out for itself.
  try {
    const made = offer.eventFor(shape)
    if (!(made instanceof Promise)) return index.find(made.event)
    return made.then(
      ({ event }) => index.find(event),
      () => index.all,
    )
  } catch {
    return index.all
  }
}

const groupKeyOf = ({ shape, conditions }: View): string =>
  `${shapeKeyOf(shape)} ${conditions.operationTypes?.toSorted().join(' ') ?? '*'}`

/** The scopes that see a change, each once. */
function scopeKeysOf({ namespace: { db, coll }, to }: ChangeBasis): Set<string> {
  const keys = new Set(['', db])
  if (coll !== undefined) keys.add(`${db}.${coll}`)
  if (to !== undefined) keys.add(to.db).add(showNamespace(to))
  return keys
}
