/** Random commands, nearly right: from templates of all that there are, changed in up to three places, down to their bytes. */
import { deserialize, EJSON, Long, serialize } from 'bson'
import * as fc from 'fast-check'
import * as all from '../../src/command/commands/all.ts'
import {
  everyField,
  list,
  map,
  oneOf,
  pieceTable,
  someFields,
  type TokenSource,
  watching,
  type Wild,
  wildValue,
} from './wild.ts'

const { filter, update, projection, sort, collation, variables, pipeline, storedDocument } = pieceTable
const { number, text, path, uuid, flag } = pieceTable

/** What a run may use of what the runs before it came to. */
export interface Memory extends TokenSource {
  /** Cursors that were open; `coll` as a getMore names it. */
  readonly cursors: readonly { readonly id: bigint; readonly coll: string }[]
}

type Sequences = readonly { readonly identifier: string; readonly documents: readonly Uint8Array[] }[]

export class WildMessage {
  readonly body: Uint8Array
  readonly sequences: Sequences

  constructor(body: Uint8Array, sequences: Sequences) {
    this.body = body
    this.sequences = sequences
  }

  /** As Extended JSON, and in base64 so that it can be sent again. */
  toString(): string {
    const sequences = this.sequences.map(({ identifier, documents }) => [identifier, documents.map(extendedJson)])
    const shown = `${extendedJson(this.body)} ${JSON.stringify(Object.fromEntries(sequences))}`
    return `${shown.replaceAll(/(.)\1{50,}/g, '$1…')}\n${Buffer.from(this.body).toString('base64').slice(0, 20_000)}`
  }

  [fc.toStringMethod](): string {
    return String(this)
  }
}

function extendedJson(bytes: Uint8Array): string {
  try {
    return EJSON.stringify(deserialize(bytes, { promoteValues: false, bsonRegExp: true }), { relaxed: false })
  } catch (error) {
    return String(error)
  }
}

const coll = fc.oneof(
  { weight: 30, arbitrary: oneOf<unknown>('c', 'c', 'c', 'd') },
  { weight: 1, arbitrary: oneOf<unknown>('', '$cmd', 'system.views', 1, 'x'.repeat(300), '.a', 'a\0b') },
)
const hint = fc.oneof(text, sort)
const amount = fc.oneof({ weight: 8, arbitrary: oneOf<unknown>(0, 1, 2, 100) }, { weight: 1, arbitrary: number })
const batch = fc.oneof(fc.constant(new Map()), someFields({ batchSize: amount }))
const filterSlots = {
  filter,
  sort,
  projection,
  collation,
  let: variables,
  skip: amount,
  limit: amount,
  batchSize: amount,
}
const updateStatement = someFields({ multi: flag, upsert: flag, collation, arrayFilters: list(filter), sort, hint })
const whole = (required: Record<string, Wild>, more: Wild): Wild =>
  fc
    .tuple(everyField(required), more)
    .map(([a, b]) => new Map([...(a as Map<string, unknown>), ...(b as Map<string, unknown>)]))

/** One or two. */
const few = (item: Wild): Wild => fc.array(item, { minLength: 1, maxLength: 2 })

const updates = few(whole({ q: filter, u: update }, updateStatement))
const deletes = few(whole({ q: filter, limit: oneOf(0, 1) }, someFields({ collation, hint })))
const keys = fc.oneof(
  {
    weight: 6,
    arbitrary: oneOf({ a: 1 }, { 'a.b': -1, c: 1 }, { d: 1, e: -1 }, { 'd.y.b': 1 }, { x: 'hashed' }).map(map),
  },
  sort,
)
const index = whole(
  { key: keys, name: text },
  someFields({
    unique: flag,
    sparse: flag,
    hidden: flag,
    partialFilterExpression: filter,
    expireAfterSeconds: number,
    collation,
  }),
)
const namespaces = fc.constant([map({ ns: 'test.c' }), map({ ns: 'test.d' })])
const operations = few(
  fc.oneof(
    everyField({ insert: oneOf(0, 1, 9), document: storedDocument }),
    whole({ update: oneOf(0, 1), filter, updateMods: update }, updateStatement),
    whole({ delete: oneOf(0, 1), filter }, someFields({ multi: flag, collation })),
  ),
)
const images = everyField({ enabled: flag })
const collectionOptions = someFields({
  validator: filter,
  validationAction: oneOf('error', 'warn'),
  changeStreamPreAndPostImages: images,
})
const lsids = list(everyField({ id: uuid }))

type Template = readonly [name: string, target: Wild, fields: Wild]

/** One expression, over every document. */
const computed = pieceTable.expression.map(it => [map({ $project: map({ r: it }) })])

/** The fields behind the command's own, by its name. */
function templates(memory: Memory): readonly Template[] {
  const cursorId = fc.nat().map(which => {
    const { cursors } = memory
    return Long.fromBigInt(cursors[which % Math.max(1, cursors.length)]?.id ?? 1n)
  })
  const watch = watching(memory)
  const cursor = fc.nat().map(which => {
    const { cursors } = memory
    return cursors[which % Math.max(1, cursors.length)] ?? { id: 1n, coll: 'c' }
  })
  const getMore: Template = [
    'getMore',
    cursor.map(it => it as unknown),
    someFields({ batchSize: amount, maxTimeMS: oneOf(0, 1, 100) }),
  ]
  return [
    [
      'insert',
      coll,
      whole({ documents: few(storedDocument) }, someFields({ ordered: flag, bypassDocumentValidation: flag })),
    ],
    ['update', coll, whole({ updates }, someFields({ ordered: flag, let: variables, bypassDocumentValidation: flag }))],
    ['update', coll, whole({ updates }, fc.constant(new Map()))],
    ['delete', coll, whole({ deletes }, someFields({ ordered: flag, let: variables }))],
    ['find', coll, someFields(filterSlots)],
    ['find', coll, someFields({ filter, batchSize: amount })],
    ['find', coll, someFields({ projection, limit: amount })],
    ['find', coll, someFields({ sort, collation })],
    ['find', coll, everyField({ filter: pieceTable.expression.map($expr => map({ $expr })) })],
    [
      'findAndModify',
      coll,
      someFields({
        query: filter,
        update,
        remove: flag,
        sort,
        fields: projection,
        new: flag,
        upsert: flag,
        arrayFilters: list(filter),
        collation,
        let: variables,
      }),
    ],
    ['findAndModify', coll, everyField({ query: filter, update })],
    ['aggregate', coll, whole({ pipeline, cursor: batch }, someFields({ collation, let: variables, hint }))],
    ['aggregate', coll, everyField({ pipeline, cursor: batch })],
    ['aggregate', coll, everyField({ pipeline: list(pieceTable.stage, 1), cursor: batch })],
    ['aggregate', coll, everyField({ pipeline: list(pieceTable.stage, 1), cursor: batch })],
    ['aggregate', coll, everyField({ pipeline: computed, cursor: batch })],
    ['aggregate', coll, everyField({ pipeline: computed, cursor: batch })],
    ['aggregate', coll, everyField({ pipeline: watch, cursor: batch })],
    ['aggregate', coll, whole({ pipeline: watch, cursor: batch }, someFields({ collation, let: variables }))],
    [
      'bulkWrite',
      fc.constant(1),
      whole(
        { ops: operations, nsInfo: namespaces },
        someFields({ ordered: flag, errorsOnly: flag, let: variables, cursor: batch }),
      ),
    ],
    getMore,
    getMore,
    getMore,
    ['getMore', cursorId, whole({ collection: coll }, someFields({ batchSize: number, maxTimeMS: number }))],
    ['killCursors', coll, everyField({ cursors: list(cursorId) })],
    ['count', coll, someFields({ query: filter, skip: amount, limit: amount, collation })],
    ['distinct', coll, whole({ key: path }, someFields({ query: filter, collation }))],
    ['create', coll, collectionOptions],
    [
      'collMod',
      coll,
      fc.oneof(
        collectionOptions,
        everyField({ index: someFields({ name: text, keyPattern: sort, hidden: flag, expireAfterSeconds: number }) }),
      ),
    ],
    ['createIndexes', coll, everyField({ indexes: few(index) })],
    ['dropIndexes', coll, everyField({ index: fc.oneof(text, sort, list(text)) })],
    ['drop', coll, fc.constant(new Map())],
    [
      'renameCollection',
      oneOf('test.c', 'test.d'),
      everyField({ to: oneOf('test.c', 'test.e', 'other.c', 'admin.$x', 'nodot'), dropTarget: flag }),
    ],
    ['listCollections', fc.constant(1), someFields({ filter, nameOnly: flag, cursor: batch })],
    ['listDatabases', fc.constant(1), someFields({ filter, nameOnly: flag })],
    ['currentOp', fc.constant(1), fc.oneof(filter, fc.constant(map({ $all: true })))],
    [
      'explain',
      fc.oneof(
        someFields({ find: coll, filter, collation }),
        someFields({ aggregate: coll, pipeline }),
        someFields({ update: coll, updates }),
      ),
      someFields({ verbosity: text }),
    ],
    [
      'hello',
      fc.constant(1),
      someFields({
        client: wildValue,
        compression: list(text),
        topologyVersion: someFields({ processId: wildValue, counter: number }),
        maxAwaitTimeMS: oneOf(0, 1, 10),
      }),
    ],
    ['serverStatus', fc.constant(1), someFields({ repl: flag, metrics: flag, constructor: flag })],
    [
      'getParameter',
      fc.oneof(fc.constant('*'), number),
      someFields({ allParameters: flag, constructor: flag, enableTestCommands: flag }),
    ],
    ['killOp', fc.constant(1), everyField({ op: number })],
    ['endSessions', lsids, fc.constant(new Map())],
    [
      'killAllSessionsByPattern',
      list(fc.oneof(everyField({ lsid: everyField({ id: uuid }) }), fc.constant(new Map()))),
      fc.constant(new Map()),
    ],
    [
      'configureFailPoint',
      oneOf('failCommand', 'failGetMoreAfterCursorCheckout', 'onPrimaryTransactionalWrite', 'x'),
      everyField({
        mode: fc.oneof(oneOf<unknown>('off', map({ times: 0 }), map({ skip: -1 })), wildValue),
        data: someFields({
          failCommands: list(text),
          errorCode: number,
          errorLabels: list(text),
          writeConcernError: wildValue,
        }),
      }),
    ],
  ]
}

/** Every command there is, with next to nothing. */
const bare = Object.values(all).flatMap(({ name, aliases = [] }) =>
  [name, ...aliases].map(
    it => [it, fc.oneof(fc.constant<unknown>(1), wildValue, coll), someFields({ name: wildValue })] as const,
  ),
)

const admins = new Set(
  Object.values(all).flatMap(({ name, aliases = [], adminOnly }) => (adminOnly === true ? [name, ...aliases] : [])),
)

const generic = fc.oneof(
  { weight: 15, arbitrary: fc.constant<unknown>(new Map()) },
  {
    weight: 1,
    arbitrary: someFields({
      lsid: everyField({ id: uuid }),
      txnNumber: oneOf('1', '2', '-1').map(it => Long.fromString(it)),
      autocommit: flag,
      readConcern: someFields({ level: oneOf('majority', 'snapshot', 'x'), afterClusterTime: wildValue }),
      writeConcern: someFields({ w: fc.oneof(number, text), wtimeout: number, j: flag }),
      maxTimeMS: fc.oneof(oneOf(0, 1000), number),
      comment: wildValue,
      apiVersion: oneOf('1', '2'),
      apiStrict: flag,
      $readPreference: wildValue,
      $clusterTime: wildValue,
    }),
  },
)

type Node = Map<string, unknown> | unknown[]

/** The documents and arrays of a tree, itself first. */
function nodesOf(node: Node): Node[] {
  const inside = [...node.values()].filter((it): it is Node => it instanceof Map || Array.isArray(it))
  return [node, ...inside.flatMap(nodesOf)]
}

const structural = fc.record({
  node: fc.nat(),
  at: fc.nat(),
  kind: oneOf('replace', 'remove', 'add'),
  name: path,
  value: wildValue,
})
type Structural = typeof structural extends fc.Arbitrary<infer T> ? T : never

/** Changes one place in the tree; the first field keeps its name, which is the command's. */
function changeTree(body: Map<string, unknown>, { node, at, kind, name, value }: Structural): void {
  const nodes = nodesOf(body)
  const target = nodes[node % nodes.length] as Node
  if (Array.isArray(target)) {
    const place = at % (target.length + 1)
    if (kind === 'add') target.splice(place, 0, value)
    else if (kind === 'remove') target.splice(place, 1)
    else target[place] = value
    return
  }
  const names = [...target.keys()]
  const chosen = names[at % Math.max(1, names.length)]
  if (kind === 'add' || chosen === undefined) target.set(name, value)
  else if (kind === 'replace') target.set(chosen, value)
  else if (target !== body || chosen !== names[0]) target.delete(chosen)
}

/** Types whose values look alike: one in the place of another leaves the document well-formed. */
const alike: readonly (readonly number[])[] = [
  [0x01, 0x09, 0x11, 0x12],
  [0x02, 0x0d, 0x0e],
  [0x03, 0x04],
  [0x06, 0x0a, 0xff, 0x7f],
]

/** Offsets of the type bytes of all elements but the first, which is the command's. */
function typeOffsets(bytes: Uint8Array): number[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const offsets: number[] = []
  const walk = (start: number): void => {
    let at = start + 4
    while (view[at] !== 0) {
      offsets.push(at)
      const type = view[at] as number
      at = view.indexOf(0, at + 1) + 1
      const size = (fixedSizes as Readonly<Record<number, number>>)[type]
      if (size !== undefined) at += size
      else if (type === 0x0b) at = view.indexOf(0, view.indexOf(0, at) + 1) + 1
      else if (type === 0x03 || type === 0x04) {
        walk(at)
        at += view.readInt32LE(at)
      } else if (type === 0x0f) at += view.readInt32LE(at)
      else at += view.readInt32LE(at) + (type === 0x05 ? 5 : 4)
    }
  }
  walk(0)
  return offsets.slice(1)
}
const fixedSizes = {
  0x01: 8,
  0x06: 0,
  0x07: 12,
  0x08: 1,
  0x09: 8,
  0x0a: 0,
  0x10: 4,
  0x11: 8,
  0x12: 8,
  0x13: 16,
  0x7f: 0,
  0xff: 0,
}

const bytewise = fc.record({ element: fc.nat(), to: fc.nat(), renames: fc.boolean(), letter: oneOf(...'ab.$0_') })
type Bytewise = typeof bytewise extends fc.Arbitrary<infer T> ? T : never

/** Gives one element another type that reads the same bytes, or another name of the same length, maybe one that is there. */
function changeBytes(bytes: Uint8Array, { element, to, renames, letter }: Bytewise): void {
  const offsets = typeOffsets(bytes)
  const at = offsets[element % Math.max(1, offsets.length)]
  if (at === undefined) return
  if (renames) {
    if (bytes[at + 1] !== 0 && (bytes[at + 1] as number) < 0x80) bytes[at + 1] = letter.charCodeAt(0)
    return
  }
  const family = alike.find(types => types.includes(bytes[at] as number))
  if (family !== undefined) bytes[at] = family[to % family.length] as number
}

const sequenceNames = ['documents', 'updates', 'deletes', 'ops', 'nsInfo', 'pipeline', 'x']

/** Moves an array of documents out of the body, as drivers send it. */
function splitOff(body: Map<string, unknown>, name: string): Sequences {
  const items = body.get(name)
  if (!Array.isArray(items) || !items.every(item => item instanceof Map)) return []
  body.delete(name)
  return [{ identifier: name, documents: items.map(item => serialize(item, { ignoreUndefined: false })) }]
}

/** Copies documents and arrays, so that a change in one run is not there in the next. */
function copyOf(value: unknown): unknown {
  if (value instanceof Map) return new Map([...value].map(([name, it]) => [name, copyOf(it)]))
  return Array.isArray(value) ? value.map(copyOf) : value
}

/** The first fields. A cursor is named by two. */
function openedBy(name: string, target: unknown): [string, unknown][] {
  if (name !== 'getMore' || typeof target !== 'object' || target === null || !('coll' in target))
    return [[name, target]]
  const { id, coll: collection } = target as unknown as Memory['cursors'][number]
  return [
    [name, Long.fromBigInt(id)],
    ['collection', collection],
  ]
}

export const wildMessage = (memory: Memory): fc.Arbitrary<WildMessage> =>
  fc
    .record({
      template: fc
        .oneof(
          { weight: 12, arbitrary: fc.constantFrom(...templates(memory)) },
          { weight: 1, arbitrary: fc.constantFrom(...bare) },
        )
        .chain(([name, target, fields]) =>
          fc
            .tuple(target, fields)
            .map(([first, rest]) => [...openedBy(name, first), ...(rest as Map<string, unknown>)]),
        ),
      generic,
      db: fc.oneof(
        { weight: 30, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: oneOf('admin', 'local', 'other', '', 'a.b') },
      ),
      trees: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(structural, { maxLength: 2 }) },
      ),
      bytes: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(bytewise, { maxLength: 2 }) },
      ),
      sequence: fc.option(oneOf(...sequenceNames)),
    })
    .map(drawn => {
      const [[name]] = drawn.template as unknown as [[string, unknown]]
      const db = drawn.db ?? (admins.has(name) ? 'admin' : 'test')
      const fields = [...drawn.template, ['$db', db], ...(drawn.generic as Map<string, unknown>)] as [string, unknown][]
      const body = copyOf(new Map(fields)) as Map<string, unknown>
      for (const tree of drawn.trees) changeTree(body, tree)
      const sequences = drawn.sequence === null ? [] : splitOff(body, drawn.sequence)
      const bytes = serialize(body, { ignoreUndefined: false })
      for (const change of drawn.bytes) changeBytes(bytes, change)
      return new WildMessage(bytes, sequences)
    })
