/**
 * The entries of a unique index with a collation, for values that hold text: a search tree in the order of the collation.
 *
 * There are no bytes whose equality is that of a collation: what compares the texts (Intl) gives an order and no keys. So an entry
 * is found by comparing, in as many steps as the logarithm of their number.
 *
 *   space index   key  index id u32 | FF                     value  the root: the rest of its key
 *                 key  index id u32 | KeyString(values)      value  FE | collection id u32 | rank, 8 bytes
 *                                                                    | BSON { holder, values, left, right }
 *
 * Keys inside a value are without their index id or collection id. The rank is the beginning of the key's hash, and a node stands
 * above those of lower rank (a treap): the tree's shape follows from the entries in it, and not from how they came.
 */
import { createHash } from 'node:crypto'
import { must } from '../base/assert.ts'
import { sameBytes } from '../bson/bytes.ts'
import { compareValues } from '../bson/compare.ts'
import { arrayValue, binaryValue, encodeDocument } from '../bson/encode.ts'
import { getField, itemsOf } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import type { Reader, WriteTransaction } from '../storage/engine.ts'
import { uint32BE } from './big-endian.ts'
import type { IndexInfo } from './catalog.ts'
import type { IndexEntry } from './keys.ts'

interface Node {
  /** Without the index id, as all keys of nodes here. */
  readonly key: Uint8Array
  readonly rank: Uint8Array
  readonly values: readonly Value[]
  /** The key of the record. */
  readonly holder: Uint8Array
  readonly left: Uint8Array | undefined
  readonly right: Uint8Array | undefined
}

const rootMark = Uint8Array.of(0xff)

// No record's key begins with it, so a node is told from an entry without text.
const nodeByte = 0xfe

/** The holder of values that are equal to the entry's; undefined when there is none. */
export async function findInTree(reader: Reader, index: IndexInfo, { values }: IndexEntry) {
  const tree = new Tree(reader, index)
  let key = await tree.root()
  while (key !== undefined) {
    const node = await tree.load(key)
    const order = tree.compare(values, node.values)
    if (order === 0) return node.holder
    key = order < 0 ? node.left : node.right
  }
  return undefined
}

/** Puts the entry in, or gives it another holder. Nothing else in the tree has equal values, or nothing at all has. */
export async function putIntoTree(
  transaction: WriteTransaction,
  index: IndexInfo,
  { key, values }: IndexEntry,
  holder: Uint8Array,
): Promise<void> {
  const tree = new ChangingTree(transaction, index)
  const own = key.subarray(4)
  const added: Node = { key: own, rank: rankOf(own), values, holder, left: undefined, right: undefined }
  tree.putRoot(await tree.insert(await tree.root(), added))
}

/** Harmless when it is not there. */
export async function deleteFromTree(
  transaction: WriteTransaction,
  index: IndexInfo,
  { values }: IndexEntry,
): Promise<void> {
  const tree = new ChangingTree(transaction, index)
  tree.putRoot(await tree.delete(await tree.root(), values))
}

/** The holder in the value of a node; undefined for a value that is no node's. */
export function holderInNode(value: Uint8Array): Uint8Array | undefined {
  return value[0] === nodeByte ? decodeNode(rootMark, value).holder : undefined
}

/** Whether the key is that of a tree's root, which is no entry. */
export const isRootKey = (key: Uint8Array): boolean => sameBytes(key.subarray(4), rootMark)

class Tree {
  readonly #reader: Reader
  readonly #index: IndexInfo
  readonly #prefix: Uint8Array

  constructor(reader: Reader, index: IndexInfo) {
    this.#reader = reader
    this.#index = index
    this.#prefix = uint32BE(index.id)
  }

  async root(): Promise<Uint8Array | undefined> {
    return this.#reader.get('index', this.whole(rootMark))
  }

  async load(key: Uint8Array): Promise<Node> {
    return decodeNode(key, must(await this.#reader.get('index', this.whole(key)), 'node of an index'))
  }

  compare(a: readonly Value[], b: readonly Value[]): number {
    for (const [position, value] of a.entries()) {
      const order = compareValues(value, b[position], this.#index.collation)
      if (order !== 0) return order
    }
    return 0
  }

  protected whole(key: Uint8Array): Uint8Array {
    return Buffer.concat([this.#prefix, key])
  }
}

/** Each change gives the key of the root of what it changed. */
class ChangingTree extends Tree {
  readonly #transaction: WriteTransaction

  constructor(transaction: WriteTransaction, index: IndexInfo) {
    super(transaction, index)
    this.#transaction = transaction
  }

  putRoot(key: Uint8Array | undefined): void {
    if (key === undefined) this.#transaction.delete('index', this.whole(rootMark))
    else this.#transaction.put('index', this.whole(rootMark), key)
  }

  async insert(root: Uint8Array | undefined, added: Node): Promise<Uint8Array> {
    if (root === undefined) return this.#save(added)
    const node = await this.load(root)
    const order = this.compare(added.values, node.values)
    if (order === 0) return this.#save({ ...node, holder: added.holder })
    if (isAbove(added, node)) {
      const [left, right] = await this.#split(root, added.values)
      return this.#save({ ...added, left, right })
    }
    return order < 0
      ? this.#withLeft(node, await this.insert(node.left, added))
      : this.#withRight(node, await this.insert(node.right, added))
  }

  async delete(root: Uint8Array | undefined, values: readonly Value[]): Promise<Uint8Array | undefined> {
    if (root === undefined) return undefined
    const node = await this.load(root)
    const order = this.compare(values, node.values)
    if (order === 0) {
      this.#transaction.delete('index', this.whole(root))
      return this.#merge(node.left, node.right)
    }
    return order < 0
      ? this.#withLeft(node, await this.delete(node.left, values))
      : this.#withRight(node, await this.delete(node.right, values))
  }

  /** What is before `values`, and what is behind them. */
  async #split(
    root: Uint8Array | undefined,
    values: readonly Value[],
  ): Promise<[left: Uint8Array | undefined, right: Uint8Array | undefined]> {
    if (root === undefined) return [undefined, undefined]
    const node = await this.load(root)
    if (this.compare(values, node.values) < 0) {
      const [before, behind] = await this.#split(node.left, values)
      return [before, this.#withLeft(node, behind)]
    }
    const [before, behind] = await this.#split(node.right, values)
    return [this.#withRight(node, before), behind]
  }

  /** All of `left` is before all of `right`. */
  async #merge(left: Uint8Array | undefined, right: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    if (left === undefined) return right
    if (right === undefined) return left
    const [before, behind] = [await this.load(left), await this.load(right)]
    return isAbove(before, behind)
      ? this.#withRight(before, await this.#merge(before.right, right))
      : this.#withLeft(behind, await this.#merge(left, behind.left))
  }

  // Most nodes on the way keep their children.
  #withLeft(node: Node, left: Uint8Array | undefined): Uint8Array {
    return isSame(node.left, left) ? node.key : this.#save({ ...node, left })
  }

  #withRight(node: Node, right: Uint8Array | undefined): Uint8Array {
    return isSame(node.right, right) ? node.key : this.#save({ ...node, right })
  }

  #save(node: Node): Uint8Array {
    this.#transaction.put('index', this.whole(node.key), encodeNode(node))
    return node.key
  }
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b)

const isAbove = (a: Node, b: Node): boolean => (Buffer.compare(a.rank, b.rank) || Buffer.compare(a.key, b.key)) > 0

const rankBytes = 8
const rankOf = (key: Uint8Array): Uint8Array => createHash('sha256').update(key).digest().subarray(0, rankBytes)

function encodeNode({ rank, values, holder, left, right }: Node): Uint8Array {
  const bson = encodeDocument({
    holder: binaryValue(0, holder.subarray(4)),
    values: arrayValue(values),
    left: left && binaryValue(0, left),
    right: right && binaryValue(0, right),
  })
  return Buffer.concat([Uint8Array.of(nodeByte), holder.subarray(0, 4), rank, bson])
}

function decodeNode(key: Uint8Array, value: Uint8Array): Node {
  const bson = value.subarray(5 + rankBytes)
  return {
    key,
    rank: value.subarray(5, 5 + rankBytes),
    values: itemsOf(must(getField(bson, 'values'), 'values of a node')),
    holder: Buffer.concat([value.subarray(1, 5), contentOf(must(getField(bson, 'holder'), 'holder of a node'))]),
    left: optionalContent(getField(bson, 'left')),
    right: optionalContent(getField(bson, 'right')),
  }
}

/** Behind the length and the subtype. */
const contentOf = ({ bytes, start, end }: Value): Uint8Array => bytes.subarray(start + 5, end)

const optionalContent = (value: Value | undefined): Uint8Array | undefined => value && contentOf(value)
