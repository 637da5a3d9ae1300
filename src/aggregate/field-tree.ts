/**
 * Fields put into a document at dotted paths, the rest copied as it lies: what $addFields and $unwind do.
 *
 *   { 'a.b': X, c: Y }     a tree of names with a leaf at each path:   a ─ b ─ X
 *                                                                      c ─ Y
 *
 * A field that is there keeps its place, a new one goes to the end of the document it belongs to, in the order of the tree.
 */
import { BsonWriter, indexName } from '../bson/writer.ts'
import { ElementReader, fieldName } from '../bson/reader.ts'
import type { FieldName } from '../bson/reader.ts'
import { documentValue, isArray, isDocument } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'

type FieldNode<Leaf> =
  | { readonly kind: 'leaf'; readonly name: string; readonly nameBytes: FieldName; readonly leaf: Leaf }
  | { readonly kind: 'inner'; readonly name: string; readonly nameBytes: FieldName; readonly fields: FieldTree<Leaf> }

/** Up to here, comparing with each name is quicker than decoding one and looking it up. */
const compareEachUpTo = 16

export class FieldTree<Leaf> {
  readonly nodes: FieldNode<Leaf>[] = []
  /** The place of each among `nodes`. */
  readonly #places = new Map<string, number>()

  /** Puts `leaf` at `path`. False, and nothing done, when the path is, contains or lies in one that is there. */
  add(path: readonly string[], leaf: Leaf): boolean {
    const [name, ...rest] = path
    if (name === undefined) return false
    const nameBytes = fieldName(name)
    const there = this.nodes[this.#places.get(name) ?? -1]
    if (there !== undefined) return there.kind === 'inner' && there.fields.add(rest, leaf)
    this.#places.set(name, this.nodes.length)
    if (rest.length === 0) {
      this.nodes.push({ kind: 'leaf', name, nameBytes, leaf })
    } else {
      const fields = new FieldTree<Leaf>()
      fields.add(rest, leaf)
      this.nodes.push({ kind: 'inner', name, nameBytes, fields })
    }
    return true
  }

  /** The place of the element that the reader is at; -1 when its name is not in the tree. */
  placeOf(reader: ElementReader): number {
    const { nodes } = this
    if (nodes.length > compareEachUpTo) return this.#places.get(reader.name) ?? -1
    const { bytes, nameStart, nameEnd } = reader
    const length = nameEnd - nameStart
    for (let place = 0; place < nodes.length; place++) {
      const { nameBytes } = nodes[place] as FieldNode<Leaf>
      if (nameBytes.length !== length) continue
      let matched = 0
      while (matched < length && bytes[nameStart + matched] === nameBytes[matched]) matched++
      if (matched === length) return place
    }
    return -1
  }
}

export interface PutOptions<Leaf> {
  /** The value for a leaf; undefined takes the field out, or leaves it out. */
  valueOf(leaf: Leaf): Value | undefined
  /** Whether a path goes into each item of an array that it meets; otherwise a document takes the array's place. */
  readonly intoArrays: boolean
}

const bytesExpectedMax = 16 * 1024

/** `document` with the fields of the tree. What is in the way of a path gives way to a document. */
export function putFields<Leaf>(document: Uint8Array, tree: FieldTree<Leaf>, options: PutOptions<Leaf>): Uint8Array {
  // Of a large document often little is left: $unwind puts one item in the place of an array.
  const writer = new BsonWriter(Math.min(document.length + 64, bytesExpectedMax))
  writeFields(writer, documentValue(document), tree, options)
  return writer.finish()
}

/** A function that puts a value at `path` into a document, or takes out what is there. It does not go into arrays. */
export function compilePut(path: readonly string[]): (document: Uint8Array, value: Value | undefined) => Uint8Array {
  const tree = new FieldTree<undefined>()
  tree.add(path, undefined)
  return (document, value) => putFields(document, tree, { valueOf: () => value, intoArrays: false })
}

/** Writes the elements of `document` (undefined: an empty one) with those of the tree. */
function writeFields<Leaf>(
  writer: BsonWriter,
  document: Value | undefined,
  tree: FieldTree<Leaf>,
  options: PutOptions<Leaf>,
): void {
  const written: boolean[] = []
  if (document !== undefined) {
    const reader = ElementReader.of(document)
    let missing = tree.nodes.length
    let copiedTo = document.start + 4
    while (missing > 0 && reader.next()) {
      const index = tree.placeOf(reader)
      // Of several fields of one name only the first is meant; the others are kept.
      if (index === -1 || written[index] === true) continue
      writer.elements(document.bytes, copiedTo, reader.nameStart - 1)
      writeNode(writer, tree.nodes[index] as FieldNode<Leaf>, reader.value, options)
      copiedTo = reader.valueEnd
      written[index] = true
      missing--
    }
    writer.elements(document.bytes, copiedTo, document.end - 1)
  }
  for (const [index, node] of tree.nodes.entries())
    if (written[index] !== true) writeNode(writer, node, undefined, options)
}

function writeNode<Leaf>(
  writer: BsonWriter,
  node: FieldNode<Leaf>,
  current: Value | undefined,
  options: PutOptions<Leaf>,
): void {
  if (node.kind === 'inner') return writeInner(writer, node.name, { current, tree: node.fields }, options)
  const value = options.valueOf(node.leaf)
  if (value !== undefined) writer.value(node.name, value)
}

function writeInner<Leaf>(
  writer: BsonWriter,
  name: string,
  { current, tree }: { readonly current: Value | undefined; readonly tree: FieldTree<Leaf> },
  options: PutOptions<Leaf>,
): void {
  if (options.intoArrays && isArray(current)) {
    writer.startArray(name)
    const items = ElementReader.of(current)
    for (let index = 0; items.next(); index++) {
      writeInner(writer, indexName(index), { current: items.value, tree }, options)
    }
  } else {
    writer.startDocument(name)
    writeFields(writer, isDocument(current) ? current : undefined, tree, options)
  }
  writer.end()
}
