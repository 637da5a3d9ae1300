/**
 * What a tool does that keeps a copy of a deployment by tailing local.oplog.rs: it knows MongoDB's oplog format and nothing of
 * this server. Documents are JavaScript objects of the bson package; fields have no names that look like numbers.
 */
import { deserialize, type Document, serialize, UUID } from 'bson'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { showNamespace } from './namespace.ts'
import { everything, readDocuments } from './read.ts'
import { withSnapshot, type Store } from './store.ts'

interface Copy {
  uuid: string
  options: Document
  /** By name, but for that of _id. */
  readonly indexes: Map<string, Document>
  readonly documents: Map<string, Document>
}

export class OplogApplier {
  readonly #collections = new Map<string, Copy>()
  /** `ts` of what was applied last, as text; every document must come behind it. */
  #lastTime = 0n

  apply(entry: Document): void {
    const time = BigInt(String(entry['ts']))
    if (time <= this.#lastTime) throw new Error(`the oplog goes from ${this.#lastTime} to ${time}`)
    this.#lastTime = time
    this.#applyOperation(entry)
  }

  /** Everything: `db.coll` → options, indexes and the bytes of the documents, in the order of their bytes. */
  get state(): Record<string, unknown> {
    const names = [...this.#collections.keys()].sort()
    return Object.fromEntries(
      names.map(name => {
        const { options, indexes, documents, uuid } = this.#get(name)
        const bytes = [...documents.values()].map(document => hexOf(document)).sort()
        return [name, { uuid, options, indexes: [...indexes.keys()].sort(), documents: bytes }]
      }),
    )
  }

  #applyOperation({ op, ns, ui, o, o2 }: Document): void {
    switch (op) {
      case 'n':
        return
      case 'i': {
        const copy = this.#of(ns, ui)
        copy.documents.set(hexOf(o2), o)
        if (copy.options['capped'] === true) dropOldest(copy)
        return
      }
      case 'u': {
        const { documents } = this.#of(ns, ui)
        const before = documents.get(hexOf(o2))
        if (before === undefined) throw new Error(`${ns} has no document to update`)
        documents.set(hexOf(o2), Number(o['$v']) === 2 ? patched(before, o['diff']) : o)
        return
      }
      case 'd':
        if (!this.#of(ns, ui).documents.delete(hexOf(o))) throw new Error(`${ns} has no document to delete`)
        return
      default:
        this.#applyCommand(ns.split('.')[0], ui, o)
    }
  }

  #applyCommand(db: string, ui: unknown, o: Document): void {
    const [name = '', target] = Object.entries(o)[0] ?? []
    const ns = `${db}.${target}`
    switch (name) {
      case 'applyOps':
        for (const operation of target) this.#applyOperation(operation)
        return
      case 'create': {
        const { create: _, idIndex: __, ...options } = o
        if (this.#collections.has(ns)) throw new Error(`${ns} is there already`)
        this.#collections.set(ns, { uuid: String(ui), options, indexes: new Map(), documents: new Map() })
        return
      }
      case 'drop':
        this.#of(ns, ui)
        this.#collections.delete(ns)
        return
      case 'dropDatabase':
        for (const left of this.#collections.keys()) if (left.startsWith(`${db}.`)) throw new Error(`${left} is left`)
        return
      case 'renameCollection': {
        const copy = this.#of(target, ui)
        this.#collections.delete(target)
        this.#collections.set(o['to'], copy)
        return
      }
      case 'createIndexes': {
        const { createIndexes: _, ...spec } = o
        this.#of(ns, ui).indexes.set(spec['name'], spec)
        return
      }
      case 'commitIndexBuild':
        for (const spec of o['indexes']) this.#of(ns, ui).indexes.set(spec.name, spec)
        return
      case 'dropIndexes':
        this.#of(ns, ui).indexes.delete(o['index'])
        return
      case 'collMod': {
        const { collMod: _, index: __, cappedSize, cappedMax, ...options } = o
        const copy = this.#of(ns, ui)
        copy.options = { ...copy.options, ...options }
        if (cappedSize !== undefined) copy.options['size'] = cappedSize
        if (cappedMax !== undefined) copy.options['max'] = cappedMax
        // An expiry that is off is an option that is not there.
        if (copy.options['expireAfterSeconds'] === 'off') delete copy.options['expireAfterSeconds']
        if (copy.options['changeStreamPreAndPostImages']?.enabled === false) {
          delete copy.options['changeStreamPreAndPostImages']
        }
        return
      }
      default:
        throw new Error(`a command that no tool knows: ${name}`)
    }
  }

  #of(ns: string, ui: unknown): Copy {
    const copy = this.#get(ns)
    if (copy.uuid !== String(ui)) throw new Error(`${ns} is another collection`)
    return copy
  }

  #get(ns: string): Copy {
    const copy = this.#collections.get(ns)
    if (copy === undefined) throw new Error(`there is no ${ns}`)
    return copy
  }
}

/** A capped collection's copy is capped too: what falls out of it is not in the oplog. */
function dropOldest({ options, documents }: Copy): void {
  const bytesOf = (document: Document) => serialize(document).length
  let bytes = [...documents.values()].reduce((sum, document) => sum + bytesOf(document), 0)
  const countMax = Number(options['max'] ?? 0) || Infinity
  for (const [key, document] of documents) {
    if (bytes <= Number(options['size']) && documents.size <= countMax) return
    documents.delete(key)
    bytes -= bytesOf(document)
  }
}

/** As such a tool reads it, each number with its type. */
export const documentOf = (bytes: Uint8Array): Document => deserialize(bytes, { promoteValues: false })

export const hexOf = (document: Document): string => Buffer.from(serialize(document)).toString('hex')

/** The document behind a `$v: 2` diff. */
function patched(before: Document, diff: Document): Document {
  const after = { ...before }
  for (const [name, change] of Object.entries(diff)) {
    if (name === 'd') for (const field of Object.keys(change)) delete after[field]
    else if (name === 'u') Object.assign(after, change)
    else if (name === 'i') {
      for (const [field, value] of Object.entries(change)) {
        delete after[field]
        after[field] = value
      }
    } else after[name.slice(1)] = patchedValue(after[name.slice(1)], change)
  }
  return after
}

function patchedValue(before: unknown, change: Document): unknown {
  if (change['a'] !== true) return patched(before as Document, change)
  const { a: _, l: length, ...items } = change
  const after = [...(before as unknown[])]
  for (const [name, item] of Object.entries(items)) {
    const index = Number(name.slice(1))
    after[index] = name.startsWith('u') ? item : patchedValue(after[index], item)
  }
  return length === undefined ? after : after.slice(0, Number(length))
}

/** What a store's tool should have: options, names of indexes and bytes of documents. */
export async function copiedState(store: Store): Promise<Record<string, unknown>> {
  const infos = await withSnapshot(store, snapshot => store.catalog.list(snapshot))
  const entries = infos.map(async ({ namespace: ns, uuid, options, indexes }) => {
    const documents: string[] = []
    const found = readDocuments(store, ns, everything, { pace: new Pace(systemEnv) })
    for await (const { document: each } of found) documents.push(Buffer.from(each).toString('hex'))
    const state = {
      uuid: new UUID(Buffer.from(uuid)).toString(),
      options: documentOf(options),
      indexes: indexes
        .filter(({ name }) => name !== '_id_')
        .map(({ name }) => name)
        .sort(),
      documents: documents.sort(),
    }
    return [showNamespace(ns), state] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}
