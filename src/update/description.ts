/**
 * updateDescription of a change event, from the oplog's delta (its form: diff.ts).
 *
 * On each level come the fields that changed, those that are new, those that went, and then, one after the other, what changed
 * inside: that is the order in updatedFields and in the other lists.
 */
import { int32Value, stringValue } from '../bson/encode.ts'
import { ElementReader, firstElement, getField } from '../bson/reader.ts'
import { documentBytes, documentValue, toInt32 } from '../bson/value.ts'
import { BsonWriter, indexName } from '../bson/writer.ts'
import type { Value } from '../bson/value.ts'

export interface DescribeOptions {
  readonly disambiguatedPaths: boolean
}

/** `{ updatedFields, removedFields, truncatedArrays[, disambiguatedPaths] }` as a document. */
export function describeDiff(diff: Uint8Array, { disambiguatedPaths }: DescribeOptions): Uint8Array {
  const writer = new BsonWriter(diff.length + 128)
  const description = new Description(writer)
  writer.startDocument('updatedFields')
  describeFields(description, documentValue(diff), rootPath)
  writer.end()
  description.writeLists({ disambiguatedPaths })
  return writer.finish()
}

/** Where in the document: fields by name, items of arrays by index. */
interface DiffPath {
  readonly parts: readonly (string | number)[]
  /** As users write it. */
  readonly text: string
  /** Whether `text` could mean something else: a field's name has a dot in it, or looks like an index. */
  readonly ambiguous: boolean
}

const rootPath: DiffPath = { parts: [], text: '', ambiguous: false }

function inside(path: DiffPath, part: string | number): DiffPath {
  return {
    parts: [...path.parts, part],
    text: path.parts.length === 0 ? String(part) : `${path.text}.${part}`,
    ambiguous: path.ambiguous || isAmbiguous(part, path.parts.length),
  }
}

/** A number as the first name is none: a document is no array. */
function isAmbiguous(part: string | number, depth: number): boolean {
  if (typeof part === 'number') return false
  return part.includes('.') || (depth > 0 && /^(0|[1-9]\d*)$/.test(part))
}

/** Collects what one diff says. updatedFields go into the writer at once, the other lists behind them. */
class Description {
  readonly #writer: BsonWriter
  readonly #removed: string[] = []
  readonly #truncated: { readonly path: string; readonly newSize: number }[] = []
  readonly #ambiguous: DiffPath[] = []

  constructor(writer: BsonWriter) {
    this.#writer = writer
  }

  updated(path: DiffPath, value: Value): void {
    this.#writer.value(path.text, value)
    this.#note(path)
  }

  removed(path: DiffPath): void {
    this.#removed.push(path.text)
    this.#note(path)
  }

  truncated(path: DiffPath, newSize: number): void {
    this.#truncated.push({ path: path.text, newSize })
    this.#note(path)
  }

  #note(path: DiffPath): void {
    if (path.ambiguous) this.#ambiguous.push(path)
  }

  writeLists({ disambiguatedPaths }: DescribeOptions): void {
    const writer = this.#writer
    writer.startArray('removedFields')
    for (const [index, path] of this.#removed.entries()) writer.string(indexName(index), path)
    writer.end()
    writer.startArray('truncatedArrays')
    for (const [index, { path, newSize }] of this.#truncated.entries()) {
      writer.startDocument(indexName(index))
      writer.string('field', path)
      writer.int32('newSize', newSize)
      writer.end()
    }
    writer.end()
    if (!disambiguatedPaths) return
    writer.startDocument('disambiguatedPaths')
    for (const { text, parts } of this.#ambiguous) {
      writer.startArray(text)
      for (const [index, part] of parts.entries()) {
        writer.value(indexName(index), typeof part === 'number' ? int32Value(part) : stringValue(part))
      }
      writer.end()
    }
    writer.end()
  }
}

function describeFields(description: Description, diff: Value, path: DiffPath): void {
  const sections = documentBytes(diff)
  for (const section of ['u', 'i']) {
    for (const reader of fieldsOf(sections, section)) description.updated(inside(path, reader.name), reader.value)
  }
  for (const reader of fieldsOf(sections, 'd')) description.removed(inside(path, reader.name))
  const reader = new ElementReader(sections)
  while (reader.next()) {
    const key = reader.name
    if (key.startsWith('s')) describeInside(description, reader.value, inside(path, key.slice(1)))
  }
}

function* fieldsOf(sections: Uint8Array, section: string): Generator<ElementReader> {
  const fields = getField(sections, section)
  if (fields === undefined) return
  const reader = ElementReader.of(fields)
  while (reader.next()) yield reader
}

function describeInside(description: Description, diff: Value, path: DiffPath): void {
  if (isArrayDiff(diff)) describeItems(description, diff, path)
  else describeFields(description, diff, path)
}

/** Only the delta of an array begins with `a: true`. */
const isArrayDiff = (diff: Value): boolean => firstElement(diff)?.[0] === 'a'

function describeItems(description: Description, diff: Value, path: DiffPath): void {
  const reader = ElementReader.of(diff)
  while (reader.next()) {
    const key = reader.name
    if (key === 'a') continue
    if (key === 'l') description.truncated(path, toInt32(reader.value))
    else if (key.startsWith('s')) describeInside(description, reader.value, inside(path, Number(key.slice(1))))
    else description.updated(inside(path, Number(key.slice(1))), reader.value)
  }
}
