/**
 * A document while it is being changed: a tree over its bytes that is opened only where something changes.
 *
 *   OpenValue   a document or array one looks into. What nobody touches in it stays a range of bytes, copied whole at the end
 *   Element     one field or item of it: a value, or an OpenValue of its own
 *
 * Each OpenValue also logs which of its elements changed, and in which order, so that the same tree gives the document after
 * the change and the oplog's delta of it (diff.ts shows its form).
 */
import { assert } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { encodeDocument, nullValue } from '../bson/encode.ts'
import { elementsOf, findField } from '../bson/reader.ts'
import { BsonType, Value, documentValue, valueEnd } from '../bson/value.ts'
import { BsonWriter, indexName } from '../bson/writer.ts'
import { indexPart } from './path.ts'
import type { PathPart } from './path.ts'

/** How many nulls may be put between an array's end and a new item. Source: MongoDB, kMaxPaddingAllowed. */
const paddingCountMax = 1_500_000

const emptyDocument = documentValue(encodeDocument({}))

/**
 *   none       as it was, or changed only somewhere inside
 *   updated    another value
 *   inserted   was not there before
 *   removed    will not be there
 */
export type Change = 'none' | 'updated' | 'inserted' | 'removed'

export class Element {
  readonly name: string
  readonly holder: OpenValue
  /** Offsets of the type byte and of the byte behind the value in the holder's bytes; -1 of what is new. */
  readonly start: number
  readonly end: number
  #value: Value
  #opened: OpenValue | undefined
  #change: Change = 'none'
  /** Whether the holder's log has it. Only the holder sets it. */
  logged = false

  constructor(holder: OpenValue, name: string, value: Value, start = -1) {
    this.holder = holder
    this.name = name
    this.#value = value
    this.start = start
    this.end = start === -1 ? -1 : value.end
  }

  get change(): Change {
    return this.#change
  }

  /** The value as it is now. */
  get value(): Value {
    return this.#opened?.changed === true ? this.#opened.toValue() : this.#value
  }

  get isArray(): boolean {
    return this.#value.type === BsonType.array
  }

  /** The inside of a document or array; undefined of any other value. */
  open(): OpenValue | undefined {
    if (this.#opened === undefined && (this.isArray || this.#value.type === BsonType.document)) {
      this.#opened = new OpenValue(this.#value, this)
      this.holder.register(this)
    }
    return this.#opened
  }

  get hasChanged(): boolean {
    return this.#change !== 'none' || this.#opened?.changed === true
  }

  replace(value: Value): void {
    this.#value = value
    this.#opened = undefined
    this.markWhole()
  }

  /** Logs the whole value as it will be, whatever changed inside it. */
  markWhole(): void {
    if (this.#change !== 'inserted') this.#change = 'updated'
    this.holder.log(this)
  }

  markInserted(): void {
    this.#change = 'inserted'
    this.holder.log(this)
  }

  remove(): void {
    assert(this.#change === 'none', 'what was changed is not removed')
    this.#change = 'removed'
    this.holder.log(this)
  }

  /** Writes it as it is now, under a name of the caller's choice; nothing when it was removed. */
  writeTo(writer: BsonWriter, name: string): void {
    if (this.#change === 'removed') return
    if (this.#opened?.changed !== true) return writer.value(name, this.#value)
    if (this.isArray) writer.startArray(name)
    else writer.startDocument(name)
    this.#opened.writeTo(writer)
    writer.end()
  }

  /** Writes the delta of what changed inside it. */
  writeDiff(writer: BsonWriter, name: string): void {
    writer.startDocument(name)
    this.#opened?.writeDiff(writer)
    writer.end()
  }
}

/** A document in which so many fields were looked up is walked once and for all: looking up each by a walk is their product. */
const walksMax = 16

export class OpenValue {
  readonly isArray: boolean
  readonly #source: Value
  /** Where it is held; undefined of the whole document. */
  readonly #element: Element | undefined
  /** Elements of the source that were opened or changed, in no order. */
  readonly #touched: Element[] = []
  readonly #added: Element[] = []
  readonly #log: Element[] = []
  #byName: Map<string, Element> | undefined
  #walks = 0
  /** Values of the source's fields, the first of each name; undefined until there were `walksMax` walks. */
  #sourceFields: Map<string, Value> | undefined
  // The item that was looked up last, and where it lies: a walk up an array's indexes does not begin anew for each.
  #lastIndex = 0
  #lastAt: number
  #sourceCount: number | undefined

  constructor(source: Value, element?: Element) {
    this.#source = source
    this.#element = element
    this.isArray = source.type === BsonType.array
    this.#lastAt = source.start + 4
  }

  /** Whether anything in it, at any depth, is not as it was. */
  get changed(): boolean {
    return this.#log.length > 0 || this.#added.length > 0
  }

  /** The field, or the item with that index; undefined when it is not there. */
  find(part: PathPart): Element | undefined {
    if (this.isArray) return part.index === undefined ? undefined : this.#item(part.index)
    const known = this.#byName?.get(part.text)
    if (known !== undefined) return known.change === 'removed' ? undefined : known
    const value = this.#sourceField(part)
    if (value === undefined) return undefined
    // Type byte and name stand before the value.
    return new Element(this, part.text, value, value.start - part.bytes.length - 2)
  }

  #sourceField(part: PathPart): Value | undefined {
    if (this.#sourceFields !== undefined) return this.#sourceFields.get(part.text)
    if (++this.#walks > walksMax) {
      // A later field of the same name does not count, so the first one is put last.
      this.#sourceFields = new Map(elementsOf(this.#source).reverse())
      return this.#sourceFields.get(part.text)
    }
    return findField(this.#source.bytes, this.#source.start, part.bytes)
  }

  #item(index: number): Element | undefined {
    const known = this.#byName?.get(indexName(index))
    if (known !== undefined) return known
    if (index < this.#lastIndex) this.#rewind()
    return this.#walkTo(index)
  }

  #rewind(): void {
    this.#lastIndex = 0
    this.#lastAt = this.#source.start + 4
  }

  /** The source's item `index`, at or behind the last one; undefined when the source ends before it. */
  #walkTo(index: number): Element | undefined {
    const { bytes, end } = this.#source
    while (this.#lastAt < end - 1) {
      const start = this.#lastAt
      const type = bytes[start] as number
      const valueStart = bytes.indexOf(0, start + 1) + 1
      const stop = valueEnd(type, bytes, valueStart)
      if (this.#lastIndex === index) {
        return new Element(this, indexName(index), new Value(type, bytes, valueStart, stop), start)
      }
      this.#lastIndex++
      this.#lastAt = stop
    }
    this.#sourceCount = this.#lastIndex
    return undefined
  }

  /** How many items an array has now. */
  get count(): number {
    if (this.#sourceCount === undefined) this.#walkTo(Infinity)
    return (this.#sourceCount ?? 0) + this.#added.length
  }

  /** All items of an array, in their order. */
  items(): Element[] {
    const items: Element[] = []
    this.#rewind()
    for (let item = this.#item(0); item !== undefined; item = this.#item(items.length)) items.push(item)
    return items
  }

  /** A new last element, which is not logged. Of an array the name must be the next index. */
  add(name: string, value: Value): Element {
    const element = new Element(this, name, value)
    this.#added.push(element)
    this.#remember(element)
    return element
  }

  /** A new last element that is an empty document, to be filled. */
  addDocument(name: string): Element {
    return this.add(name, emptyDocument)
  }

  /**
   * Adds nulls until an array has `count` items.
   *
   * @throws CommandError CannotBackfillArray (34) when those would be too many.
   */
  padTo(count: number): void {
    let next = this.count
    if (count - next > paddingCountMax) {
      throw new CommandError('CannotBackfillArray', `can't backfill more than ${paddingCountMax} elements`)
    }
    for (; next < count; next++) this.add(indexName(next), nullValue)
  }

  /** Cuts an array to its first `count` items. For applying a delta: it is not logged as what it is. */
  truncate(count: number): void {
    for (const item of this.items().slice(count)) item.remove()
  }

  /** For Element only: `element` is of the source and no longer only bytes. */
  register(element: Element): void {
    if (element.start === -1 || this.#byName?.get(element.name) === element) return
    this.#touched.push(element)
    this.#remember(element)
  }

  #remember(element: Element): void {
    this.#byName ??= new Map()
    this.#byName.set(element.name, element)
  }

  /** For Element only: `element` changed. */
  log(element: Element): void {
    if (element.logged) return
    element.logged = true
    this.register(element)
    this.#log.push(element)
    if (this.#log.length === 1) this.#element?.holder.log(this.#element)
  }

  toValue(): Value {
    const bytes = this.toBytes()
    return new Value(this.#source.type, bytes, 0, bytes.length)
  }

  toBytes(): Uint8Array {
    const writer = new BsonWriter(this.#source.end - this.#source.start + 64)
    this.writeTo(writer)
    return writer.finish()
  }

  /** Writes all elements as they are now. */
  writeTo(writer: BsonWriter): void {
    const { bytes, start, end } = this.#source
    let at = start + 4
    if (this.#touched.length > 1) this.#touched.sort((a, b) => a.start - b.start)
    for (const element of this.#touched) {
      writer.elements(bytes, at, element.start)
      element.writeTo(writer, element.name)
      at = element.end
    }
    writer.elements(bytes, at, end - 1)
    for (const element of this.#added) element.writeTo(writer, element.name)
  }

  /** Writes the fields of the oplog's delta; see diff.ts. */
  writeDiff(writer: BsonWriter): void {
    if (this.isArray) return this.#writeItemsDiff(writer)
    this.#writeSection(writer, 'd', 'removed')
    this.#writeSection(writer, 'u', 'updated')
    this.#writeSection(writer, 'i', 'inserted')
    for (const element of this.#log) {
      if (element.change === 'none') element.writeDiff(writer, `s${element.name}`)
    }
  }

  #writeSection(writer: BsonWriter, section: string, change: Change): void {
    let started = false
    for (const element of this.#log) {
      if (element.change !== change) continue
      if (!started) writer.startDocument(section)
      started = true
      if (change === 'removed') writer.bool(element.name, false)
      else element.writeTo(writer, element.name)
    }
    if (started) writer.end()
  }

  #writeItemsDiff(writer: BsonWriter): void {
    writer.bool('a', true)
    for (const item of this.#log.toSorted((a, b) => Number(a.name) - Number(b.name))) {
      if (item.change === 'none') item.writeDiff(writer, `s${item.name}`)
      else item.writeTo(writer, `u${item.name}`)
    }
  }
}

/** The part of the path to an item of an array; see `OpenValue.items`. */
export const partOfItem = (item: Element): PathPart => indexPart(Number(item.name))
