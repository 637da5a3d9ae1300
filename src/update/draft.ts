/**
 * The document that an update is changing, and the log of what it changed. Operators see it as places (operator.ts); beneath
 * lies the lazily opened tree (tree.ts), from which both the document after the update and the oplog's delta are written.
 */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { documentBytesMax } from '../base/limits.ts'
import { nullValue } from '../bson/encode.ts'
import { show } from '../bson/show.ts'
import { BsonType, documentValue } from '../bson/value.ts'
import { BsonWriter, indexName } from '../bson/writer.ts'
import { pathPart } from './path.ts'
import { requireDepth, requireFieldName, tooLarge } from './storable.ts'
import { OpenValue, partOfItem } from './tree.ts'
import { sameValue } from './value-bytes.ts'
import type { Value } from '../bson/value.ts'
import type { Place } from './operator.ts'
import type { PathPart, UpdatePath } from './path.ts'
import type { Element } from './tree.ts'

export interface DraftOptions {
  /** Whether the _id may change, as while a document is made from a filter's equalities. */
  readonly idMutable: boolean
}

const idPart = pathPart('_id')
const noPart = pathPart('')

export class Draft {
  readonly opened: OpenValue
  readonly root: DraftPlace
  readonly idMutable: boolean
  #bytesAdded = 0

  constructor(before: Uint8Array, { idMutable }: DraftOptions = { idMutable: false }) {
    this.opened = new OpenValue(documentValue(before))
    this.idMutable = idMutable
    this.root = new DraftPlace(this, undefined, noPart, undefined)
  }

  get changed(): boolean {
    return this.opened.changed
  }

  get name(): string {
    const id = this.opened.find(idPart)
    return id === undefined ? 'no id' : `_id: ${show(id.value)}`
  }

  at(path: UpdatePath): DraftPlace {
    return path.parts.reduce((place, part) => place.child(part), this.root)
  }

  /** Refuses in time what would become too large: whatever is put somewhere is in the document in the end. */
  requireRoom({ start, end }: Value): void {
    this.#bytesAdded += end - start
    if (this.#bytesAdded > documentBytesMax) throw tooLarge()
  }

  /** The document as it is now. */
  after(): Uint8Array {
    return this.opened.toBytes()
  }

  /** What changed, in the form of diff.ts. */
  diff(): Uint8Array {
    const writer = new BsonWriter()
    this.opened.writeDiff(writer)
    return writer.finish()
  }
}

export class DraftPlace implements Place {
  readonly #draft: Draft
  readonly #parent: DraftPlace | undefined
  readonly #part: PathPart
  #element: Element | undefined

  /** `element` is what is there, undefined for nothing and for the root. */
  constructor(draft: Draft, parent: DraftPlace | undefined, part: PathPart, element: Element | undefined) {
    this.#draft = draft
    this.#parent = parent
    this.#part = part
    this.#element = element
  }

  child(part: PathPart): DraftPlace {
    return new DraftPlace(this.#draft, this, part, this.#open()?.find(part))
  }

  /** The places of all items of the array that is here. */
  items(): DraftPlace[] {
    const items = this.#open()?.items() ?? []
    return items.map(item => new DraftPlace(this.#draft, this, partOfItem(item), item))
  }

  get path(): string {
    const parent = this.#parent
    return parent === undefined || parent.#isRoot ? this.#part.text : `${parent.path}.${this.#part.text}`
  }

  get name(): string {
    return this.#part.text
  }

  get value(): Value | undefined {
    return this.#element?.value
  }

  /** The element as a message shows it: `a: 1`. */
  get text(): string {
    return `${this.#part.text}: ${show(this.value)}`
  }

  get documentName(): string {
    return this.#draft.name
  }

  get arrayAbove(): string | undefined {
    let place = this.#parent
    while (place !== undefined && !place.isArray) place = place.#parent
    return place?.name
  }

  get isArray(): boolean {
    return this.#element?.isArray === true
  }

  get hasChanged(): boolean {
    return this.#element?.hasChanged === true
  }

  /** Logs the whole value that is here, instead of what changed inside it. */
  markWhole(): void {
    this.#element?.markWhole()
  }

  elsewhere(path: UpdatePath): DraftPlace {
    return this.#draft.at(path)
  }

  set(value: Value): void {
    if (this.#element === undefined) return this.#create(value)
    if (sameValue(this.#element.value, value)) return
    this.#requireMutable()
    this.#requireStorable(value)
    this.#element.replace(value)
  }

  remove(): void {
    const element = this.#element
    if (element === undefined) return
    const isItem = element.holder.isArray
    if (isItem && element.value.type === BsonType.null) return
    this.#requireMutable()
    if (isItem) element.replace(nullValue)
    else element.remove()
  }

  append(items: readonly Value[]): void {
    const array = must(this.#open(), 'the array that is appended to')
    this.#requireMutable()
    for (const item of items) {
      requireDepth(this.#level + 1, item)
      this.#draft.requireRoom(item)
      array.add(indexName(array.count), item).markInserted()
    }
  }

  requireViable(): void {
    const { base, part } = this.#gap()
    if (base.#canHold(part)) return
    throw new CommandError(
      'PathNotViable',
      `Cannot use the part (${part.text}) of (${this.path}) to traverse the element ({${base.text}})`,
    )
  }

  get #isRoot(): boolean {
    return this.#parent === undefined
  }

  /** 0 for the root, 1 for its fields. */
  get #level(): number {
    return this.#parent === undefined ? 0 : this.#parent.#level + 1
  }

  /** The field of the root that this is, or lies in. */
  get #top(): DraftPlace {
    return this.#parent === undefined || this.#parent.#isRoot ? this : this.#parent.#top
  }

  #open(): OpenValue | undefined {
    return this.#isRoot ? this.#draft.opened : this.#element?.open()
  }

  #canHold(part: PathPart): boolean {
    const opened = this.#open()
    return opened !== undefined && (!opened.isArray || part.index !== undefined)
  }

  /** The nearest place above this missing one where something is, and the part that is missing there. */
  #gap(): { base: DraftPlace; part: PathPart } {
    const parent = must(this.#parent, 'the root is always there')
    return parent.#isRoot || parent.#element !== undefined ? { base: parent, part: this.#part } : parent.#gap()
  }

  #create(value: Value): void {
    const { base, part } = this.#gap()
    const opened = base.#open()
    if (opened === undefined || !base.#canHold(part)) {
      throw new CommandError('PathNotViable', `Cannot create field '${part.text}' in element {${base.text}}`)
    }
    this.#requireStorable(value)
    if (opened.isArray) opened.padTo(part.index ?? 0)
    const first = this.#fill(value)
    first.markInserted()
    if (!base.#isRoot && this.#isImmutable) {
      throw new CommandError(
        'ImmutableField',
        `Updating the path '${base.path}' to ${base.text} would modify the immutable field '_id'`,
      )
    }
  }

  /** Makes the element of this place and of the missing ones above; gives the topmost. */
  #fill(value: Value): Element {
    const parent = must(this.#parent, 'the root is always there')
    const { opened, first } = parent.#filled()
    this.#element = opened.add(opened.isArray ? indexName(opened.count) : this.#part.text, value)
    return first ?? this.#element
  }

  #filled(): { opened: OpenValue; first: Element | undefined } {
    const there = this.#open()
    if (there !== undefined) return { opened: there, first: undefined }
    const parent = must(this.#parent, 'the root is always there')
    const { opened, first } = parent.#filled()
    const element = opened.addDocument(opened.isArray ? indexName(opened.count) : this.#part.text)
    this.#element = element
    return { opened: must(element.open(), 'a document opens'), first: first ?? element }
  }

  get #isImmutable(): boolean {
    return !this.#draft.idMutable && this.#top.#part.text === '_id'
  }

  #requireMutable(): void {
    if (!this.#isImmutable) return
    throw new CommandError(
      'ImmutableField',
      `Performing an update on the path '${this.path}' would modify the immutable field '_id'`,
    )
  }

  #requireStorable(value: Value): void {
    requireFieldName(this.#top.name)
    requireDepth(this.#level, value)
    this.#draft.requireRoom(value)
  }
}
