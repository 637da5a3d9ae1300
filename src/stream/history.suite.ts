/** Random histories, and a model that says which changes they are. It shares nothing with the code under test. */
import { Binary, type Document, Long } from 'bson'
import fc from 'fast-check'

const dbs = ['d', 'e'] as const
const colls = ['a', 'b'] as const

interface Place {
  readonly db: string
  readonly coll: string
}

/** What may be a part of a transaction. */
type Write = Place &
  (
    | { readonly op: 'insert'; readonly ids: readonly number[]; readonly x: number }
    | {
        readonly op: 'update'
        readonly id: number
        readonly how: 'set' | 'unset' | 'push' | 'nest' | 'cut'
        readonly x: number
      }
    | { readonly op: 'replace'; readonly id: number; readonly x: number }
    | { readonly op: 'delete'; readonly id: number }
  )

/** What a history does at once: one command, or a transaction. */
export type Op =
  | Write
  | { readonly op: 'transact'; readonly parts: readonly Write[]; readonly commits: boolean }
  | (Place & Definition)

type Definition =
  | { readonly op: 'create'; readonly as?: 'capped' | 'collated' }
  | { readonly op: 'drop' | 'index' | 'unindex' | 'dropDatabase' }
  /** The view `v` over the collection. */
  | { readonly op: 'view' | 'unview' }
  | { readonly op: 'modify'; readonly images: boolean }
  | { readonly op: 'rename'; readonly to: Place; readonly over: boolean }

const id = fc.integer({ min: 0, max: 3 })
const x = fc.integer({ min: 0, max: 2 })
// What happens in one place meets what happened there before.
const place = { db: fc.constantFrom(...dbs, 'd'), coll: fc.constantFrom(...colls, 'a') }

const inserting = fc.record({
  ...place,
  op: fc.constant('insert' as const),
  ids: fc.array(id, { minLength: 1, maxLength: 3 }),
  x,
})
const updating = fc.record({
  ...place,
  op: fc.constant('update' as const),
  id,
  how: fc.constantFrom('set' as const, 'unset' as const, 'push' as const, 'nest' as const, 'cut' as const),
  x,
})
const replacing = fc.record({ ...place, op: fc.constant('replace' as const), id, x })
const deleting = fc.record({ ...place, op: fc.constant('delete' as const), id })

/** Statements that are refused end a transaction, so it has few that may be. */
const part: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ ...place, op: fc.constant('insert' as const), ids: fc.tuple(id), x }),
  { weight: 2, arbitrary: updating },
  replacing,
  deleting,
)

// An index is dropped only where one was created before.
const ddl = ['drop', 'index', 'index', 'unindex', 'unindex'] as const

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 24, arbitrary: inserting },
  { weight: 24, arbitrary: updating },
  { weight: 9, arbitrary: replacing },
  { weight: 9, arbitrary: deleting },
  {
    weight: 9,
    arbitrary: fc.record({
      op: fc.constant('transact' as const),
      parts: fc.array(part, { minLength: 1, maxLength: 4 }),
      commits: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record(
      { ...place, op: fc.constant('create' as const), as: fc.constantFrom('capped' as const, 'collated' as const) },
      { requiredKeys: ['db', 'coll', 'op'] },
    ),
  },
  { weight: 14, arbitrary: fc.record({ ...place, op: fc.constantFrom(...ddl) }) },
  { weight: 4, arbitrary: fc.record({ ...place, op: fc.constantFrom('view' as const, 'unview' as const) }) },
  { weight: 4, arbitrary: fc.record({ ...place, op: fc.constant('modify' as const), images: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...place,
      op: fc.constant('rename' as const),
      to: fc.record(place),
      over: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...place, op: fc.constant('dropDatabase' as const) }) },
)

export const history = (maxLength: number): fc.Arbitrary<readonly Op[]> => fc.array(op, { minLength: 3, maxLength })

const images = (enabled: boolean) => ({ changeStreamPreAndPostImages: { enabled } })
/** Documents in a capped collection. */
const cappedMax = 2
/** Makes documents large, so that a pipeline's change is smaller than they are. */
const pad = 'x'.repeat(200)

const nameOf = ({ db, coll }: Place): string => `${db}.${coll}`

const session = { lsid: { id: new Binary(Buffer.alloc(16, 1), 4) }, autocommit: false }

/** The commands that an op is, `number` being one that no op before had. */
export function commandsOf(each: Op, number: number): Document[] {
  if (each.op !== 'transact') return [commandOf(each)]
  const fields = { ...session, txnNumber: Long.fromNumber(number) }
  const parts = each.parts.map((write, index) => ({
    ...commandOf(write),
    ...fields,
    ...(index === 0 ? { startTransaction: true } : {}),
  }))
  return [...parts, { [each.commits ? 'commitTransaction' : 'abortTransaction']: 1, $db: 'admin', ...fields }]
}

const kinds = {
  capped: { capped: true, size: 100_000, max: cappedMax },
  collated: { collation: { locale: 'en', strength: 2 } },
}

/** A collection that is created keeps pre-images; one that comes into being by itself does not. */
function commandOf(each: Exclude<Op, { op: 'transact' }>): Document {
  const { db: $db, coll } = each
  const changed = (u: unknown, q: Document) => ({ update: coll, $db, updates: [{ q, u }] })
  switch (each.op) {
    case 'insert':
      return { insert: coll, $db, documents: each.ids.map(_id => ({ _id, x: each.x, pad })) }
    case 'update':
      return changed(updateOf(each.how, each.x), { _id: each.id })
    case 'replace':
      return changed({ x: each.x, pad }, { _id: each.id })
    case 'delete':
      return { delete: coll, $db, deletes: [{ q: { _id: each.id }, limit: 1 }] }
    case 'create':
      return { create: coll, $db, ...images(true), ...(each.as === undefined ? {} : kinds[each.as]) }
    case 'view':
      return { create: 'v', $db, viewOn: coll, pipeline: [{ $match: { x: 1 } }] }
    case 'unview':
      return { drop: 'v', $db }
    case 'drop':
      return { drop: coll, $db }
    case 'index':
      return { createIndexes: coll, $db, indexes: [{ key: { x: 1 }, name: 'i' }] }
    case 'unindex':
      return { dropIndexes: coll, $db, index: '*' }
    case 'modify':
      return { collMod: coll, $db, ...images(each.images) }
    case 'rename':
      return { renameCollection: nameOf(each), $db: 'admin', to: nameOf(each.to), dropTarget: each.over }
    case 'dropDatabase':
      return { dropDatabase: 1, $db }
  }
}

function updateOf(how: Extract<Op, { op: 'update' }>['how'], value: number): unknown {
  switch (how) {
    case 'set':
      return { $set: { x: value } }
    case 'unset':
      return { $unset: { x: 1 } }
    case 'push':
      return { $push: { list: value } }
    case 'nest':
      return { $set: { 'n.y': value } }
    case 'cut':
      return [{ $set: { list: { $ifNull: [{ $slice: ['$list', 1] }, []] } } }]
  }
}

/** A committed change, as a stream should tell it. */
export interface Change extends Place {
  readonly type: string
  readonly id?: number | undefined
  readonly to?: Place | undefined
  readonly before?: Document | undefined
  readonly after?: Document | undefined
  /** Whether the collection kept the document of before. */
  readonly keepsImage?: boolean | undefined
  readonly isOfView?: boolean
}

interface Collection {
  readonly documents: Map<number, Document>
  indexed: boolean
  keepsImages: boolean
  readonly isCapped: boolean
}

export class Model {
  #collections = new Map<string, Collection>()
  /** Databases that have a view, or had one: with the collection of definitions. */
  readonly #views = new Map<string, { isThere: boolean }>()

  /** Documents of a collection; undefined when it is not there. */
  find(at: Place): Collection | undefined {
    return this.#collections.get(nameOf(at))
  }

  /** Does what the op does, and tells the changes of it. */
  apply(each: Op): readonly Change[] {
    return each.op === 'transact' ? this.#transact(each) : this.#apply(each)
  }

  /** Nothing of it happens when one part is refused. */
  #transact({ parts, commits }: Extract<Op, { op: 'transact' }>): readonly Change[] {
    const before = new Map(
      [...this.#collections].map(([name, { documents, ...rest }]) => [
        name,
        { ...rest, documents: new Map(documents) },
      ]),
    )
    const told: Change[] = []
    const isDone = parts.every(write => {
      if (this.#isRefused(write)) return false
      told.push(...this.#apply(write))
      return true
    })
    if (isDone && commits) return told
    this.#collections = before
    return []
  }

  /** Whether a transaction may not do it: insert what is there, or change a capped collection. */
  #isRefused(write: Write): boolean {
    const found = this.find(write)
    if (found === undefined) return false
    const { documents, isCapped } = found
    if (write.op === 'insert') return isCapped || write.ids.some(_id => documents.has(_id))
    return isCapped && documents.has(write.id)
  }

  #apply(each: Exclude<Op, { op: 'transact' }>): readonly Change[] {
    const { db, coll } = each
    const keepsImage = this.find(each)?.keepsImages
    const told: Change[] = []
    const tell = (type: string, more: Partial<Change> = {}) => told.push({ db, coll, type, ...more })
    const ensure = ({ keepsImages = false, isCapped = false } = {}): Collection => {
      const found = this.find(each)
      if (found !== undefined) return found
      const made: Collection = { documents: new Map(), indexed: false, keepsImages, isCapped }
      this.#collections.set(nameOf(each), made)
      tell('create')
      return made
    }
    const drop = (name: string) => {
      this.#collections.delete(`${db}.${name}`)
      tell('drop', { coll: name })
    }
    const found = this.find(each)
    switch (each.op) {
      case 'insert': {
        const { documents, isCapped } = ensure()
        for (const _id of each.ids) {
          if (documents.has(_id)) break
          documents.set(_id, { _id, x: each.x, pad })
          // What falls out is not told.
          const [oldest] = documents.keys()
          if (isCapped && documents.size > cappedMax) documents.delete(oldest ?? NaN)
          tell('insert', { id: _id, after: { _id, x: each.x, pad } })
        }
        break
      }
      case 'update':
      case 'replace': {
        const before = found?.documents.get(each.id)
        if (before === undefined) break
        const after = each.op === 'replace' ? { _id: each.id, x: each.x, pad } : updated(before, each.how, each.x)
        if (JSON.stringify(before) === JSON.stringify(after)) break
        found?.documents.set(each.id, after)
        tell(each.op, { id: each.id, before, after, keepsImage })
        break
      }
      case 'delete': {
        const before = found?.documents.get(each.id)
        if (found?.documents.delete(each.id) === true) tell('delete', { id: each.id, before, keepsImage })
        break
      }
      case 'create':
        ensure({ keepsImages: true, isCapped: each.as === 'capped' })
        break
      case 'view':
        if (this.#views.get(db)?.isThere === true) break
        this.#views.set(db, { isThere: true })
        tell('create', { coll: 'v', isOfView: true })
        break
      case 'unview':
        if (this.#views.get(db)?.isThere !== true) break
        this.#views.set(db, { isThere: false })
        tell('drop', { coll: 'v', isOfView: true })
        break
      case 'drop':
        if (found !== undefined) drop(coll)
        break
      case 'index': {
        const made = ensure()
        if (!made.indexed) tell('createIndexes')
        made.indexed = true
        break
      }
      case 'unindex':
        if (found?.indexed !== true) break
        tell('dropIndexes')
        found.indexed = false
        break
      case 'modify':
        if (found === undefined) break
        tell('modify')
        found.keepsImages = each.images
        break
      case 'rename': {
        const target = this.find(each.to)
        if (found === undefined || target === found || (target !== undefined && !each.over)) break
        this.#collections.delete(nameOf(each))
        this.#collections.set(nameOf(each.to), found)
        tell('rename', { to: each.to })
        break
      }
      case 'dropDatabase': {
        const names = colls.filter(name => this.find({ db, coll: name }) !== undefined)
        names.forEach(drop)
        const hadViews = this.#views.delete(db)
        if (names.length > 0 || hadViews) tell('dropDatabase')
        break
      }
    }
    return told
  }
}

function updated(before: Document, how: Extract<Op, { op: 'update' }>['how'], value: number): Document {
  const after = structuredClone(before)
  switch (how) {
    case 'set':
      after.x = value
      break
    case 'unset':
      delete after.x
      break
    case 'push':
      after.list = [...(after.list ?? []), value]
      break
    case 'nest':
      after.n = { ...after.n, y: value }
      break
    case 'cut':
      after.list = (after.list ?? []).slice(0, 1)
  }
  return after
}

/** What a stream is opened on: `db.coll`, `db`, or all of it with the empty string. */
export const scopes = ['', 'd', 'd.a', 'd.b', 'e.a'] as const

const expandedTypes = new Set(['create', 'createIndexes', 'dropIndexes', 'modify'])

/** What a stream on that scope tells of these changes; behind an invalidate nothing. */
export function toldBy(scope: string, changes: readonly Change[], { expanded = false } = {}): string[] {
  const told: string[] = []
  for (const change of changes) {
    if (!sees(scope, change) || (!expanded && isExpanded(change))) continue
    told.push(tellChange(change))
    const endsCollection = scope.includes('.') && (change.type === 'drop' || change.type === 'rename')
    const endsDatabase = scope !== '' && !scope.includes('.') && change.type === 'dropDatabase'
    if (endsCollection || endsDatabase) return [...told, 'invalidate']
  }
  return told
}

/** Whether a stream on that scope is told of the change. */
export function sees(scope: string, change: Change): boolean {
  const { db, to, type } = change
  if (scope === '' || scope === db || scope === to?.db) return true
  return type !== 'dropDatabase' && (scope === nameOf(change) || (to !== undefined && scope === nameOf(to)))
}

/** Whether the change is told only to who wants expanded events. */
export const isExpanded = ({ type, isOfView }: Change): boolean => isOfView === true || expandedTypes.has(type)

function tellChange({ type, db, coll, id: of, to, after }: Change): string {
  const words = [type, type === 'dropDatabase' ? db : `${db}.${coll}`]
  if (of !== undefined) words.push(String(of))
  if (to !== undefined) words.push(`to ${nameOf(to)}`)
  if (type === 'insert' || type === 'replace') words.push(JSON.stringify(after))
  return words.join(' ')
}

/** The same of an event that came. */
export function tellEvent({ operationType, ns, documentKey, to, fullDocument }: Document): string {
  if (operationType === 'invalidate') return operationType
  const words = [operationType, ns.coll === undefined ? ns.db : `${ns.db}.${ns.coll}`]
  if (documentKey !== undefined) words.push(String(documentKey._id))
  if (to !== undefined) words.push(`to ${to.db}.${to.coll}`)
  if (operationType === 'insert' || operationType === 'replace') words.push(JSON.stringify(fullDocument))
  return words.join(' ')
}
