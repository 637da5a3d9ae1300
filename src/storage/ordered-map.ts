/**
 * Bytes under keys, in the order of the keys, in memory: a B+ tree whose copies are free.
 *
 *   branch   firsts [ –  d  m ]        firsts[i] ≤ every name of children[i] < firsts[i + 1]; firsts[0] is never looked at
 *            children │  │  └─ leaf [ m n q ]
 *                     │  └──── leaf [ d f ]
 *                     └─────── leaf [ a b c ]
 *
 * A node belongs to the map that made it, and only that map, as long as nobody has copied it, may change it in place; everyone
 * else makes a copy of the nodes on the way down first. Leaves that become empty are taken out; half-empty ones are not merged,
 * so depth never falls but by emptying, which suits a map that mostly grows.
 *
 * Keys are compared by their names: strings of one byte a character, which the machine finds in memory and compares twice as fast.
 */
import { nameOf } from './changes.ts'
import type { KeyValue, Range, ScanLimits } from './engine.ts'

/** Entries or children of one node. More makes an insertion move more, less makes the tree deeper. */
const nodeCountMax = 64

interface Leaf {
  readonly kind: 'leaf'
  readonly owner: object
  readonly names: string[]
  /** Those of the names, in the same order. */
  readonly entries: KeyValue[]
}

interface Branch {
  readonly kind: 'branch'
  readonly owner: object
  readonly firsts: string[]
  readonly children: Node[]
}

type Node = Leaf | Branch

/** A node that had to be cut off because there was no room, and its smallest name. */
interface Cut {
  readonly first: string
  readonly node: Node
}

/** Index of the first name that is not before `name`. */
function lowerBound(names: readonly string[], name: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] as string) < name) low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the child that `name` belongs to. */
function childFor({ firsts }: Branch, name: string): number {
  let low = 1
  let high = firsts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((firsts[middle] as string) <= name) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Where a full node is cut. One that grows at its end is left full: keys that come in order fill their leaves. */
function cutAt(count: number, grownAt: number): number {
  return grownAt === count - 1 ? count - 1 : count >>> 1
}

export class OrderedMap {
  #root: Node
  #owner: object = {}

  constructor(root?: Node) {
    this.#root = root ?? this.#emptyLeaf()
  }

  get isEmpty(): boolean {
    return this.#root.kind === 'leaf' && this.#root.names.length === 0
  }

  /** A map with the same entries, in constant time; from then on neither sees what the other does. */
  copy(): OrderedMap {
    this.#owner = {}
    return new OrderedMap(this.#root)
  }

  /** The bytes under `key` themselves, not a copy; undefined when there are none. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#find(nameOf(key))?.value
  }

  /** Keeps `key` and `value` themselves, not copies. */
  set(key: Uint8Array, value: Uint8Array): void {
    const root = this.#owned(this.#root)
    this.#root = root
    const cut = this.#insert(root, nameOf(key), { key, value })
    if (cut === undefined) return
    this.#root = { kind: 'branch', owner: this.#owner, firsts: ['', cut.first], children: [root, cut.node] }
  }

  /** Harmless when there is nothing under `key`. */
  delete(key: Uint8Array): void {
    const name = nameOf(key)
    if (this.#find(name) === undefined) return
    const root = this.#owned(this.#root)
    this.#root = root
    this.#remove(root, name)
    while (this.#root.kind === 'branch' && this.#root.children.length === 1) this.#root = this.#root.children[0] as Node
    if (this.#root.kind === 'branch' && this.#root.children.length === 0) this.#root = this.#emptyLeaf()
  }

  /** As Reader.scan of engine.ts. */
  scan({ from, to, reverse = false }: Range, { countMax, bytesMax }: ScanLimits): KeyValue[] {
    const found: KeyValue[] = []
    let bytes = 0
    const take = (entry: KeyValue) => {
      found.push(entry)
      bytes += entry.key.length + entry.value.length
      return found.length < countMax && bytes < bytesMax
    }
    const bounds = { from: nameOf(from), to: nameOf(to) }
    if (reverse) walkDown(this.#root, bounds, take)
    else walkUp(this.#root, bounds, take)
    return found
  }

  #emptyLeaf(): Leaf {
    return { kind: 'leaf', owner: this.#owner, names: [], entries: [] }
  }

  #find(name: string): KeyValue | undefined {
    let node = this.#root
    while (node.kind === 'branch') node = node.children[childFor(node, name)] as Node
    const index = lowerBound(node.names, name)
    return node.names[index] === name ? node.entries[index] : undefined
  }

  #owned(node: Node): Node {
    if (node.owner === this.#owner) return node
    return node.kind === 'leaf'
      ? { kind: 'leaf', owner: this.#owner, names: node.names.slice(), entries: node.entries.slice() }
      : { kind: 'branch', owner: this.#owner, firsts: node.firsts.slice(), children: node.children.slice() }
  }

  #ownedChild(branch: Branch, index: number): Node {
    const child = this.#owned(branch.children[index] as Node)
    branch.children[index] = child
    return child
  }

  /** Puts into a node that is ours; what no longer had room in it is the caller's to place right behind it. */
  #insert(node: Node, name: string, entry: KeyValue): Cut | undefined {
    return node.kind === 'leaf' ? this.#insertIntoLeaf(node, name, entry) : this.#insertIntoBranch(node, name, entry)
  }

  #insertIntoLeaf(leaf: Leaf, name: string, entry: KeyValue): Cut | undefined {
    const index = lowerBound(leaf.names, name)
    if (leaf.names[index] === name) {
      leaf.entries[index] = entry
      return undefined
    }
    leaf.names.splice(index, 0, name)
    leaf.entries.splice(index, 0, entry)
    if (leaf.names.length <= nodeCountMax) return undefined
    const at = cutAt(leaf.names.length, index)
    const names = leaf.names.splice(at)
    const entries = leaf.entries.splice(at)
    return { first: names[0] as string, node: { kind: 'leaf', owner: this.#owner, names, entries } }
  }

  #insertIntoBranch(branch: Branch, name: string, entry: KeyValue): Cut | undefined {
    const index = childFor(branch, name)
    const cut = this.#insert(this.#ownedChild(branch, index), name, entry)
    if (cut === undefined) return undefined
    branch.firsts.splice(index + 1, 0, cut.first)
    branch.children.splice(index + 1, 0, cut.node)
    if (branch.children.length <= nodeCountMax) return undefined
    const at = cutAt(branch.children.length, index + 1)
    const firsts = branch.firsts.splice(at)
    const children = branch.children.splice(at)
    return { first: firsts[0] as string, node: { kind: 'branch', owner: this.#owner, firsts, children } }
  }

  /** Takes `name`, which is there, out of a node that is ours. True when nothing is left in it. */
  #remove(node: Node, name: string): boolean {
    if (node.kind === 'leaf') {
      const index = lowerBound(node.names, name)
      node.names.splice(index, 1)
      node.entries.splice(index, 1)
      return node.names.length === 0
    }
    const index = childFor(node, name)
    if (this.#remove(this.#ownedChild(node, index), name)) {
      node.firsts.splice(index, 1)
      node.children.splice(index, 1)
    }
    return node.children.length === 0
  }
}

/** Names: the first is in, the second is not. */
interface Bounds {
  readonly from: string
  readonly to: string
}

/** False ends the walk. */
type Take = (entry: KeyValue) => boolean

/** Gives the entries within bounds to `take`, first to last. False when the walk is over. */
function walkUp(node: Node, bounds: Bounds, take: Take): boolean {
  const { from, to } = bounds
  if (node.kind === 'leaf') {
    for (let at = lowerBound(node.names, from); at < node.names.length; at += 1) {
      if ((node.names[at] as string) >= to || !take(node.entries[at] as KeyValue)) return false
    }
    return true
  }
  for (let at = childFor(node, from); at < node.children.length; at += 1) {
    if (!walkUp(node.children[at] as Node, bounds, take)) return false
  }
  return true
}

/** The same, last to first. */
function walkDown(node: Node, bounds: Bounds, take: Take): boolean {
  const { from, to } = bounds
  if (node.kind === 'leaf') {
    for (let at = lowerBound(node.names, to) - 1; at >= 0; at -= 1) {
      if ((node.names[at] as string) < from || !take(node.entries[at] as KeyValue)) return false
    }
    return true
  }
  for (let at = childFor(node, to); at >= 0; at -= 1) {
    if (!walkDown(node.children[at] as Node, bounds, take)) return false
  }
  return true
}
