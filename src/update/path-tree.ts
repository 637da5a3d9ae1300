/**
 * The paths of one update, merged into a tree whose leaves are what is done there. It finds paths that are in each other's way,
 * brings them into the order in which they are applied, and says which places of a document each means:
 *
 *   { $set: { 'a.b': 1, 'a.c': 2, 'd.$[x].e': 3 } }
 *
 *   fields ── a ── fields ── b ── leaf
 *     │               └───── c ── leaf
 *     └────── d ── items ── x ─── fields ── e ── leaf
 */
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { comparePartNames, identifierOf, indexPart, isPositional, pathPart } from './path.ts'
import type { ItemTest } from './array-filters.ts'
import type { DraftPlace } from './draft.ts'
import type { Mutation, MutationMoment } from './operator.ts'
import type { PathPart, UpdatePath } from './path.ts'

interface Leaf {
  readonly kind: 'leaf'
  readonly mutate: Mutation
}

/** Below a path whose next part is a name, a number or `$`. */
interface Fields {
  readonly kind: 'fields'
  readonly children: Children
  /** What is done under `$`. */
  positional: Node | undefined
}

/** Below a path whose next part is `$[]` or `$[x]`. The name of a child is the identifier, empty for all items. */
interface Items {
  readonly kind: 'items'
  readonly children: Children
}

type Node = Leaf | Fields | Items
type Child = readonly [part: PathPart, node: Node]

/** The nodes below one, by name. An update may have as many as fit into a document. */
class Children {
  readonly #byName: Map<string, Child>
  /** In the order in which they are applied; undefined until somebody asks. */
  #ordered: readonly Child[] | undefined

  constructor(children: Iterable<Child> = []) {
    this.#byName = new Map([...children].map(child => [child[0].text, child]))
  }

  get ordered(): readonly Child[] {
    return (this.#ordered ??= [...this.#byName.values()].sort(([a], [b]) => comparePartNames(a, b)))
  }

  get({ text }: PathPart): Node | undefined {
    return this.#byName.get(text)?.[1]
  }

  set(part: PathPart, node: Node): void {
    this.#byName.set(part.text, [part, node])
    this.#ordered = undefined
  }
}

const emptyFields = (): Fields => ({ kind: 'fields', children: new Children(), positional: undefined })

export class PathTree {
  readonly #root = emptyFields()
  readonly #tests: ReadonlyMap<string, ItemTest>
  readonly #identifiersUsed = new Set<string>()
  // What comes of two nodes that meet at one item; the same two meet at many.
  readonly #merged = new Map<Node, Map<Node, Node>>()
  #usesPosition = false

  readonly #pace: Pace | undefined

  /** `tests` are the array filters by their identifier. Each place that is changed spends a piece of `pace`. */
  constructor(tests: ReadonlyMap<string, ItemTest>, pace: Pace | undefined) {
    this.#tests = tests
    this.#pace = pace
  }

  /** Whether a path has a `$`. */
  get usesPosition(): boolean {
    return this.#usesPosition
  }

  /** The identifiers of array filters that no path names. */
  get identifiersUnused(): string[] {
    return [...this.#tests.keys()].filter(identifier => !this.#identifiersUsed.has(identifier))
  }

  /**
   * Has `mutate` done at `path`.
   *
   * @throws CommandError ConflictingUpdateOperators for a path that lies on or in another one, BadValue for a misplaced `$` or
   *   an identifier without a filter.
   */
  add(path: UpdatePath, mutate: Mutation): void {
    this.#requireDollars(path)
    const last = path.parts.length - 1
    let node: Fields | Items = this.#root
    for (const [depth, part] of path.parts.entries()) {
      const key = this.#keyOf(part, path)
      const there = childOf(node, key)
      if (depth === last) {
        if (there !== undefined) throw conflict(path, path.text)
        setChild(node, key, { kind: 'leaf', mutate })
        return
      }
      const kind = identifierOf(path.parts[depth + 1] ?? part) === undefined ? 'fields' : 'items'
      if (there === undefined) {
        const made: Fields | Items = kind === 'items' ? { kind, children: new Children() } : emptyFields()
        setChild(node, key, made)
        node = made
      } else if (there.kind === kind) {
        node = there
      } else {
        throw conflict(path, textOf(path.parts.slice(0, depth + 1)))
      }
    }
  }

  /** Does at the places below `root` what was added. */
  apply(root: DraftPlace, moment: MutationMoment): void {
    this.#apply(this.#root, root, moment)
  }

  #requireDollars({ parts, text }: UpdatePath): void {
    const positions = parts.filter(isPositional)
    if (positions.length > 1) {
      throw new CommandError('BadValue', `Too many positional (i.e. '$') elements found in path '${text}'`)
    }
    const [first] = parts
    if (first !== undefined && isPositional(first)) {
      const words = `Cannot have positional (i.e. '$') element in the first position in path '${text}'`
      throw new CommandError('BadValue', words)
    }
    if (first !== undefined && identifierOf(first) !== undefined) {
      throw new CommandError(
        'BadValue',
        `Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${text}'`,
      )
    }
    if (positions.length > 0) this.#usesPosition = true
  }

  #keyOf(part: PathPart, path: UpdatePath): PathPart {
    const identifier = identifierOf(part)
    if (identifier === undefined) return part
    if (identifier !== '' && !this.#tests.has(identifier)) {
      const words = `No array filter found for identifier '${identifier}' in path '${path.text}'`
      throw new CommandError('BadValue', words)
    }
    this.#identifiersUsed.add(identifier)
    return pathPart(identifier)
  }

  #apply(node: Node, place: DraftPlace, moment: MutationMoment): void {
    switch (node.kind) {
      case 'leaf':
        this.#pace?.spend()
        return node.mutate(place, moment)
      case 'fields':
        return this.#applyFields(node, place, moment)
      case 'items':
        return this.#applyItems(node, place, moment)
    }
  }

  #applyFields(node: Fields, place: DraftPlace, moment: MutationMoment): void {
    const children =
      node.positional === undefined ? node.children : this.#childrenAt(node, node.positional, place, moment)
    for (const [part, child] of children.ordered) this.#apply(child, place.child(part), moment)
  }

  /** The children with the positional one in its place among them. */
  #childrenAt(node: Fields, positional: Node, place: DraftPlace, { arrayIndex }: MutationMoment): Children {
    if (arrayIndex === undefined) {
      const words = 'The positional operator did not find the match needed from the query.'
      throw new CommandError('BadValue', words)
    }
    const part = indexPart(arrayIndex)
    const children = new Children(node.children.ordered)
    const there = children.get(part)
    const merged = there === undefined ? positional : this.#merge(positional, there, `${place.path}.${part.text}`)
    children.set(part, merged)
    return children
  }

  #applyItems(node: Items, place: DraftPlace, moment: MutationMoment): void {
    const array = place.value
    if (array === undefined) {
      const words = `The path '${place.path}' must exist in the document in order to apply array updates.`
      throw new CommandError('BadValue', words)
    }
    if (!place.isArray) {
      throw new CommandError('BadValue', `Cannot apply array updates to non-array element ${place.text}`)
    }
    const items = place.items()
    let matchedCount = 0
    for (const item of items) {
      const nodes = this.#nodesFor(node, item)
      if (nodes.length === 0) continue
      matchedCount++
      this.#apply(
        nodes.reduce((merged, next) => this.#merge(merged, next, item.path)),
        item,
        moment,
      )
    }
    if (matchedCount <= 1) return
    // Where the filters mean several items, the log does not tell fields inside them but whole items: the one that changed,
    // or the array when more than one did. Source: MongoDB, update_array_node.cpp.
    const changed = items.filter(item => item.hasChanged)
    const [only] = changed
    if (changed.length > 1) place.markWhole()
    else only?.markWhole()
  }

  #nodesFor(node: Items, item: DraftPlace): Node[] {
    return node.children.ordered
      .filter(([{ text }]) => text === '' || (item.value !== undefined && this.#tests.get(text)?.(item.value) === true))
      .map(([, child]) => child)
  }

  /** Both in one. @throws CommandError ConflictingUpdateOperators when they want the same place for themselves. */
  #merge(a: Node, b: Node, path: string): Node {
    const known = this.#merged.get(a)?.get(b)
    if (known !== undefined) return known
    const merged = this.#mergeNew(a, b, path)
    const withA = this.#merged.get(a) ?? new Map<Node, Node>()
    this.#merged.set(a, withA.set(b, merged))
    return merged
  }

  #mergeNew(a: Node, b: Node, path: string): Node {
    if (a.kind === 'leaf' || b.kind === 'leaf' || a.kind !== b.kind) {
      throw new CommandError('ConflictingUpdateOperators', `Update created a conflict at '${path}'`)
    }
    const children = new Children(a.children.ordered)
    for (const [part, node] of b.children.ordered) {
      const there = children.get(part)
      const shown = a.kind === 'items' ? `$[${part.text}]` : part.text
      children.set(part, there === undefined ? node : this.#merge(there, node, `${path}.${shown}`))
    }
    if (a.kind === 'items' || b.kind === 'items') return { kind: 'items', children }
    const positional =
      a.positional === undefined || b.positional === undefined
        ? (a.positional ?? b.positional)
        : this.#merge(a.positional, b.positional, `${path}.$`)
    return { kind: 'fields', children, positional }
  }
}

function childOf(node: Fields | Items, part: PathPart): Node | undefined {
  if (node.kind === 'fields' && isPositional(part)) return node.positional
  return node.children.get(part)
}

function setChild(node: Fields | Items, part: PathPart, child: Node): void {
  if (node.kind === 'fields' && isPositional(part)) node.positional = child
  else node.children.set(part, child)
}

const textOf = (parts: readonly PathPart[]): string => parts.map(({ text }) => text).join('.')

const conflict = ({ text }: UpdatePath, at: string): CommandError =>
  new CommandError('ConflictingUpdateOperators', `Updating the path '${text}' would create a conflict at '${at}'`)
