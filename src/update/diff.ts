/**
 * The oplog's delta of a document, `$v: 2` without the `$v`:
 *
 *   of an object   d: { field: false }  removed     u: { field: value }  changed     i: { field: value }  new
 *                  s<field>: diff       of that object or array, in this order
 *   of an array    a: true, [l: new length], then u<index>: value or s<index>: diff, ascending
 *
 * Law: applyDiff(before, diff) is what the update made of `before`.
 */
import { assert, must } from '../base/assert.ts'
import { ElementReader, elementsOf } from '../bson/reader.ts'
import { BsonType, Value, documentValue, toInt32 } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { indexPart, pathPart } from './path.ts'
import { OpenValue } from './tree.ts'
import { sameRange } from './value-bytes.ts'
import type { Element } from './tree.ts'

/** @throws Bug when the diff does not fit the document: both are ours. */
export function applyDiff(before: Uint8Array, diff: Uint8Array): Uint8Array {
  const target = new OpenValue(documentValue(before))
  applyToDocument(target, documentValue(diff))
  return target.toBytes()
}

function applyTo(target: OpenValue, diff: Value): void {
  if (target.isArray) applyToArray(target, diff)
  else applyToDocument(target, diff)
}

function applyToDocument(target: OpenValue, diff: Value): void {
  for (const [key, value] of elementsOf(diff)) {
    if (key === 'd') for (const [name] of elementsOf(value)) fieldOf(target, name).remove()
    else if (key === 'u') for (const [name, updated] of elementsOf(value)) fieldOf(target, name).replace(updated)
    else if (key === 'i') for (const [name, inserted] of elementsOf(value)) insert(target, name, inserted)
    else {
      assert(key.startsWith('s'), `'${key}' is a section of a delta`)
      applyTo(must(fieldOf(target, key.slice(1)).open(), `the inside of '${key.slice(1)}'`), value)
    }
  }
}

const fieldOf = (target: OpenValue, name: string): Element =>
  must(target.find(pathPart(name)), `the field '${name}' of a delta`)

/** A field that is there already moves to the end: so a delta tells of a change in the order of fields. */
function insert(target: OpenValue, name: string, value: Value): void {
  target.find(pathPart(name))?.remove()
  target.add(name, value).markInserted()
}

function applyToArray(target: OpenValue, diff: Value): void {
  for (const [key, value] of elementsOf(diff)) {
    if (key === 'a') continue
    if (key === 'l') resize(target, toInt32(value))
    else {
      const part = indexPart(Number(key.slice(1)))
      const item = target.find(part)
      if (key.startsWith('s')) applyTo(must(item?.open(), `the inside of item ${key.slice(1)}`), value)
      else if (item !== undefined) item.replace(value)
      else {
        target.padTo(part.index ?? 0)
        target.add(part.text, value).markInserted()
      }
    }
  }
}

function resize(target: OpenValue, count: number): void {
  if (count > target.count) target.padTo(count)
  else target.truncate(count)
}

/**
 * The delta between two documents as a pipeline update logs it; undefined when replacing the whole is not larger.
 *
 * Fields are compared in their order. One that is not at its place in `after` is removed, and inserted again if it comes
 * later; documents and arrays that differ are compared inside, as long as that is estimated to be shorter than telling the
 * new value. Source of the estimate: MongoDB, document_diff_serialization.h.
 */
export function computeDiff(before: Uint8Array, after: Uint8Array): Uint8Array | undefined {
  const counted = documentDiff(documentValue(before), documentValue(after), entryBytes)
  if (counted === undefined) return undefined
  const writer = new BsonWriter()
  writeDiff(writer, counted.diff)
  return writer.finish()
}

// What the oplog entry around a delta, and its empty parts, are counted as.
const entryBytes = 15
const emptyDocumentBytes = 5
const emptyArrayBytes = 9
const sectionBytes = 8
const resizeBytes = 7

interface DocumentDiff {
  readonly kind: 'document'
  readonly removed: readonly string[]
  readonly updated: readonly Change[]
  readonly inserted: readonly Change[]
  readonly inside: readonly Change[]
}

interface ArrayDiff {
  readonly kind: 'array'
  /** Only where the array got shorter. */
  readonly length: number | undefined
  readonly items: readonly Change[]
}

type Diff = DocumentDiff | ArrayDiff

interface Change {
  readonly name: string
  /** The new value, or how what is there changed inside. */
  readonly to: Value | Diff
  /** What it is counted as: type byte, name, its end, and the value or delta. */
  readonly bytesEstimated: number
}

/** Undefined when the delta, with `bytesAround` it, is not estimated to be shorter than `after` itself. */
function documentDiff(before: Value, after: Value, bytesAround = 0): Counted<DocumentDiff> | undefined {
  const old = ElementReader.of(before)
  const now = ElementReader.of(after)
  const updated: Change[] = []
  const inside: Change[] = []
  const misplaced = new Set<string>()
  let oldMore = old.next()
  let nowMore = now.next()
  while (oldMore && nowMore) {
    if (sameName(old, now)) {
      if (!sameContent(old, now)) {
        const change = changeTo(old, now, now.name)
        if (change.to instanceof Value) updated.push(change)
        else inside.push({ ...change, bytesEstimated: change.bytesEstimated + 1 })
      }
      nowMore = now.next()
    } else misplaced.add(old.name)
    oldMore = old.next()
  }
  const behind: string[] = []
  for (; oldMore; oldMore = old.next()) behind.push(old.name)
  const inserted: Change[] = []
  for (; nowMore; nowMore = now.next()) {
    inserted.push(newValue(now, now.name))
    misplaced.delete(now.name)
  }
  const removed = [...behind, ...[...misplaced].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))]

  const sectionCount = [removed, updated, inserted].filter(section => section.length > 0).length
  const bytesEstimated =
    bytesAround +
    emptyDocumentBytes +
    sectionBytes * sectionCount +
    removed.reduce((sum, name) => sum + Buffer.byteLength(name) + 3, 0) +
    sumOf(updated) +
    sumOf(inserted) +
    sumOf(inside)
  return bytesEstimated < after.end - after.start
    ? { diff: { kind: 'document', removed, updated, inserted, inside }, bytesEstimated }
    : undefined
}

interface Counted<T> {
  readonly diff: T
  readonly bytesEstimated: number
}

function arrayDiff(before: Value, after: Value): Counted<ArrayDiff> | undefined {
  const old = ElementReader.of(before)
  const now = ElementReader.of(after)
  const items: Change[] = []
  let count = 0
  let oldMore = old.next()
  for (; now.next(); count++) {
    // The names of items are counted with the `u` or `s` that stands in front of them.
    const name = `u${count}`
    if (!oldMore) items.push(newValue(now, name))
    else if (!sameContent(old, now)) items.push(changeTo(old, now, name))
    oldMore = oldMore && old.next()
  }
  const length = oldMore ? count : undefined
  const bytesEstimated = emptyArrayBytes + sumOf(items) + (length === undefined ? 0 : resizeBytes)
  return bytesEstimated < after.end - after.start
    ? { diff: { kind: 'array', length, items }, bytesEstimated }
    : undefined
}

/** How one value became another that is not the same: its inside where that is shorter to tell. */
function changeTo(old: ElementReader, now: ElementReader, name: string): Change {
  if (old.type !== now.type) return newValue(now, name)
  const counted = insideDiff(old.value, now.value)
  if (counted === undefined) return newValue(now, name)
  return { name, to: counted.diff, bytesEstimated: Buffer.byteLength(name) + 2 + counted.bytesEstimated }
}

function insideDiff(old: Value, now: Value): Counted<Diff> | undefined {
  if (now.type === BsonType.document) return documentDiff(old, now)
  return now.type === BsonType.array ? arrayDiff(old, now) : undefined
}

function newValue(now: ElementReader, name: string): Change {
  return { name, to: now.value, bytesEstimated: Buffer.byteLength(name) + 2 + now.valueEnd - now.valueStart }
}

const sumOf = (changes: readonly Change[]): number =>
  changes.reduce((sum, { bytesEstimated }) => sum + bytesEstimated, 0)

const sameName = (a: ElementReader, b: ElementReader): boolean =>
  sameRange(a.bytes, a.nameStart, a.nameEnd, b.bytes, b.nameStart, b.nameEnd)

const sameContent = (a: ElementReader, b: ElementReader): boolean =>
  a.type === b.type && sameRange(a.bytes, a.valueStart, a.valueEnd, b.bytes, b.valueStart, b.valueEnd)

function writeDiff(writer: BsonWriter, diff: Diff): void {
  if (diff.kind === 'array') return writeArrayDiff(writer, diff)
  if (diff.removed.length > 0) {
    writer.startDocument('d')
    for (const name of diff.removed) writer.bool(name, false)
    writer.end()
  }
  writeSection(writer, 'u', diff.updated)
  writeSection(writer, 'i', diff.inserted)
  for (const { name, to } of diff.inside) writeChange(writer, `s${name}`, to)
}

function writeSection(writer: BsonWriter, section: string, changes: readonly Change[]): void {
  if (changes.length === 0) return
  writer.startDocument(section)
  for (const { name, to } of changes) writeChange(writer, name, to)
  writer.end()
}

function writeArrayDiff(writer: BsonWriter, { length, items }: ArrayDiff): void {
  writer.bool('a', true)
  if (length !== undefined) writer.int32('l', length)
  for (const { name, to } of items) writeChange(writer, to instanceof Value ? name : `s${name.slice(1)}`, to)
}

function writeChange(writer: BsonWriter, name: string, to: Value | Diff): void {
  if (to instanceof Value) return writer.value(name, to)
  writer.startDocument(name)
  writeDiff(writer, to)
  writer.end()
}
