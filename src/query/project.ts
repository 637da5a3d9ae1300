/**
 * Projections of find, findAndModify and $project: which fields of a document, and computed ones.
 *
 * Fields stay in the order of the document; computed ones that it has not come after them, in the order of the
 * specification. A path goes through arrays, arrays in arrays included: it is applied to each document in them, and an
 * inclusion drops the other items.
 */
import { CommandError } from '../base/errors.ts'
import { decodeUtf8 } from '../bson/bytes.ts'
import { arrayValue, documentOf } from '../bson/encode.ts'
import { ElementReader, elementsOf, firstElement, isEmpty, itemsOf } from '../bson/reader.ts'
import { BsonType, Value, documentBytes, documentValue, isArray, isDocument } from '../bson/value.ts'
import { BsonWriter, indexName } from '../bson/writer.ts'
import type { Variables } from '../expression/variables.ts'
import { compileDocumentPlace, compileDocumentTest } from './document-test.ts'
import { type NamePattern, compileName, valueUnder } from './element.ts'
import { parseFilter } from './filter.ts'
import { NameTable } from './name-table.ts'
import type { MatchOptions } from './operator.ts'
import { type After, type ProjectionField, type ProjectionTree, parseProjection } from './projection.ts'

export interface ProjectOptions extends MatchOptions {
  /** `find` also knows $elemMatch, $slice and the positional `$`, for which it needs the filter. */
  readonly of: 'find' | 'aggregate'
  readonly filter?: Value | undefined
  readonly variables: Variables
}

export type Project = (document: Uint8Array) => Uint8Array

/**
 * @throws CommandError 31253, 31254 for a mixture of inclusion and exclusion, and others. `{}` gives all fields to
 * find.
 */
export function compileProject(spec: Value, options: ProjectOptions): Project {
  const { of, filter } = options
  if (isEmpty(spec)) {
    if (of === 'find') return document => document
    throw new CommandError('Location51272', 'projection specification must have at least one field')
  }
  const projection = parseProjection(spec, { of, hasFilter: filter !== undefined, options })
  const project = compileRoot(projection.root, projection.kind, options)
  const steps = projection.after.map(after => compileAfter(after, options))
  if (steps.length === 0) return project
  return document => steps.reduce((projected, step) => step(documentValue(projected), document), project(document))
}

function compileRoot(tree: ProjectionTree, kind: 'inclusion' | 'exclusion', options: ProjectOptions): Project {
  const node = compileTree(tree, kind, options)
  const added = node.computed.flatMap(([name, compute]) => (typeof compute === 'function' ? [{ name, compute }] : []))
  // What an exclusion computes replaces fields of the document; what an inclusion computes comes after them.
  const isCopied = added.length === node.computed.length && (kind === 'inclusion' || added.length === 0)
  if (!isCopied) {
    return document => {
      const root = documentValue(document)
      return documentBytes(documentOf(computedFields(node, root, root)))
    }
  }
  const copy = kind === 'inclusion' ? copyIncluded : copyKept
  return document => {
    const writer = new BsonWriter(kind === 'inclusion' ? 256 : document.length)
    copy(writer, node, { bytes: document, start: 0 })
    for (const { name, compute } of added) {
      const value = compute(documentValue(document))
      if (value !== undefined) writer.value(name, value)
    }
    return writer.finish()
  }
}

/** A tree made ready for running over documents. */
interface Node {
  readonly kind: 'inclusion' | 'exclusion'
  readonly names: NameTable
  /** By their index in `names`; undefined for what is included or excluded whole. */
  readonly below: readonly (Node | undefined)[]
  readonly nameTexts: readonly string[]
  /** In the order in which they come when the document has them not. */
  readonly computed: readonly (readonly [name: string, compute: Node | Compute])[]
  /** Whether it, or a node below it, has computed fields. */
  readonly computes: boolean
}

type Compute = (root: Value) => Value | undefined

function compileTree(tree: ProjectionTree, kind: Node['kind'], options: ProjectOptions): Node {
  const entries = Array.from(tree, ([name, field]) => [name, compileField(field, kind, options)] as const)
  const walked = entries.flatMap(([name, field]) =>
    field === 'whole' || isNode(field) ? [[name, field] as const] : [],
  )
  const computed = entries.flatMap(([name, field]) =>
    typeof field === 'function' || (isNode(field) && field.computes) ? [[name, field] as const] : [],
  )
  return {
    kind,
    names: new NameTable(walked.map(([name]) => name)),
    below: walked.map(([, field]) => (field === 'whole' ? undefined : field)),
    nameTexts: walked.map(([name]) => name),
    computed,
    computes: computed.length > 0,
  }
}

const isNode = (field: Node | Compute | 'whole' | 'kept'): field is Node => typeof field === 'object'

function compileField(
  field: ProjectionField,
  kind: Node['kind'],
  options: ProjectOptions,
): Node | Compute | 'whole' | 'kept' {
  switch (field.kind) {
    case 'named':
      return 'whole'
    case 'kept':
      return kind === 'inclusion' ? 'whole' : 'kept'
    case 'tree':
      return compileTree(field.tree, kind, options)
    case 'elemMatch':
      return compileElemMatch(field.condition, options)
    case 'computed': {
      const { evaluate } = field
      const { variables } = options
      return root => evaluate(root, variables)
    }
  }
}

function compileElemMatch(condition: Value, options: ProjectOptions): Compute {
  const filter = parseFilter(condition, options)
  const matches = compileDocumentTest(filter)
  const indexIn = compileDocumentPlace(filter)
  const name = firstElement(condition)?.[0]
  return root => {
    if (!matches(root.bytes, root.start)) return undefined
    const array = elementsOf(root).find(([field]) => field === name)?.[1]
    return array && arrayValue(itemsOf(array).slice(indexIn(root.bytes, root.start)).slice(0, 1))
  }
}

interface Place {
  readonly bytes: Uint8Array
  readonly start: number
}

/** Writes what an inclusion without computed fields leaves of a document. */
function copyIncluded(writer: BsonWriter, node: Node, { bytes, start }: Place): void {
  const reader = new ElementReader(bytes, start)
  let left = node.below.length
  while (left > 0 && reader.next()) {
    const { nameStart, nameEnd, type } = reader
    const index = node.names.indexOf(bytes, nameStart, nameEnd)
    if (index === -1) continue
    left--
    const below = node.below[index]
    if (below === undefined) writer.elements(bytes, nameStart - 1, reader.valueEnd)
    else copyBelow(writer, below, { bytes, start: reader.valueStart, type, name: node.nameTexts[index] as string })
  }
}

/** Writes what an exclusion leaves of a document: the elements between those it names, in one piece. */
function copyKept(writer: BsonWriter, node: Node, { bytes, start }: Place): void {
  const reader = new ElementReader(bytes, start)
  let keptFrom = start + 4
  while (reader.next()) {
    const { nameStart, nameEnd, type, valueStart } = reader
    const index = node.names.indexOf(bytes, nameStart, nameEnd)
    if (index === -1) continue
    const below = node.below[index]
    // Nothing lies below a scalar that could be left out.
    if (below !== undefined && type !== BsonType.document && type !== BsonType.array) continue
    writer.elements(bytes, keptFrom, nameStart - 1)
    keptFrom = reader.valueEnd
    if (below) copyBelow(writer, below, { bytes, start: valueStart, type, name: node.nameTexts[index] as string })
  }
  writer.elements(bytes, keptFrom, Math.max(keptFrom, reader.valueEnd))
}

interface NamedPlace extends Place {
  readonly type: number
  readonly name: string
}

function copyBelow(writer: BsonWriter, node: Node, { bytes, start, type, name }: NamedPlace): void {
  if (type === BsonType.document) {
    writer.startDocument(name)
    if (node.kind === 'inclusion') copyIncluded(writer, node, { bytes, start })
    else copyKept(writer, node, { bytes, start })
    writer.end()
  } else if (type === BsonType.array) {
    writer.startArray(name)
    copyItems(writer, node, { bytes, start })
    writer.end()
  }
}

function copyItems(writer: BsonWriter, node: Node, { bytes, start }: Place): void {
  const reader = new ElementReader(bytes, start)
  let count = 0
  while (reader.next()) {
    const { type, valueStart } = reader
    if (type === BsonType.document || type === BsonType.array) {
      copyBelow(writer, node, { bytes, start: valueStart, type, name: indexName(count++) })
    } else if (node.kind === 'exclusion') {
      writer.value(indexName(count++), reader.value)
    }
  }
}

/**
 * What becomes of `value`, which is at `node`'s place, when something below is computed from the whole document
 * `root`.
 */
function computedValue(node: Node, value: Value | undefined, root: Value): Value | undefined {
  if (isDocument(value)) return documentOf(computedFields(node, value, root))
  if (isArray(value)) {
    const items = itemsOf(value).map(item => computedValue(node, item, root))
    return arrayValue(items.filter(item => item !== undefined))
  }
  if (node.computes) return documentOf(computedFields(node, undefined, root))
  return node.kind === 'exclusion' ? value : undefined
}

function computedFields(node: Node, document: Value | undefined, root: Value): Map<string, Value | undefined> {
  const fields = new Map<string, Value | undefined>()
  for (const [name, value] of document ? elementsOf(document) : []) {
    const index = node.nameTexts.indexOf(name)
    const below = node.below[index]
    if (below) fields.set(name, computedValue(below, value, root))
    else if ((index !== -1) === (node.kind === 'inclusion')) fields.set(name, value)
  }
  for (const [name, compute] of node.computed) {
    if (typeof compute === 'function') fields.set(name, compute(root))
    else if (!fields.has(name)) fields.set(name, computedValue(compute, undefined, root))
  }
  return fields
}

/** A step that changes the projected document; `before` is the document that was projected. */
type Step = (projected: Value, before: Uint8Array) => Uint8Array

function compileAfter(after: After, options: ProjectOptions): Step {
  const path = after.path.map(compileName)
  if (after.kind === 'slice') return projected => documentBytes(sliceAt(projected, path, after))
  const { filter } = options
  const indexIn = filter && compileDocumentPlace(parseFilter(filter, options))
  return (projected, before) => documentBytes(pickAt(projected, path, indexIn?.(before, 0) ?? -1))
}

/** `document` with the array at `path` cut, in every document on the way. */
function sliceAt(document: Value, path: readonly NamePattern[], cut: Extract<After, { kind: 'slice' }>): Value {
  const [name, ...rest] = path
  return changeField(document, name, value => {
    if (rest.length === 0) return isArray(value) ? arrayValue(sliced(itemsOf(value), cut)) : value
    if (isDocument(value)) return sliceAt(value, rest, cut)
    if (!isArray(value)) return value
    return arrayValue(itemsOf(value).map(item => (isDocument(item) ? sliceAt(item, rest, cut) : item)))
  })
}

function sliced(items: readonly Value[], { skip, limit }: { skip?: number | undefined; limit: number }): Value[] {
  if (skip === undefined) return limit < 0 ? items.slice(limit) : items.slice(0, limit)
  const start = skip < 0 ? Math.max(0, items.length + skip) : skip
  return items.slice(start, start + limit)
}

/** `document` with the first array on `path` reduced to the item at `index`. */
function pickAt(document: Value, path: readonly NamePattern[], index: number): Value {
  const [name, ...rest] = path
  return changeField(document, name, value => {
    if (isDocument(value) && rest.length > 0) return pickAt(value, rest, index)
    if (!isArray(value)) return value
    if (index < 0) {
      throw new CommandError('Location51246', "positional operator '.$' couldn't find a matching element in the array")
    }
    const item = itemsOf(value)[index]
    if (item === undefined) throw new CommandError('Location51247', "positional operator '.$' element mismatch")
    return arrayValue([item])
  })
}

/** `document` with the field `name`, if it has one, changed; all other bytes are copied. */
function changeField(document: Value, name: NamePattern | undefined, change: (value: Value) => Value): Value {
  const value = name && valueUnder(document, name)
  if (name === undefined || value === undefined) return document
  const changed = change(value)
  if (changed === value) return document
  const { bytes, start, end } = document
  const writer = new BsonWriter(end - start)
  writer.elements(bytes, start + 4, value.start - name.nameBytes - 1)
  writer.value(decodeUtf8(bytes, value.start - name.nameBytes, value.start - 1), changed)
  writer.elements(bytes, value.end, end - 1)
  return documentValue(writer.finish())
}
