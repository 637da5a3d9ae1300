/** What tests of streams work with below the commands: real services, streams with limits of their own, and a slow disk. */
import { deserialize, type Document, serialize } from 'bson'
import { ManualEnv } from '../../test/manual-env.ts'
import { openServices, type TestServices } from '../../test/services.ts'
import { command, someVariables } from '../../test/story-world.ts'
import { compileChangeStreamPipeline } from '../aggregate/pipeline.ts'
import { parseCollation } from '../bson/collation.ts'
import { itemsOf, getField } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import { must } from '../base/assert.ts'
import { StorageFailed } from '../base/errors.ts'
import type { Store } from '../collection/store.ts'
import type { OpenedEngine } from '../storage/engine.ts'
import { ChangeStream } from './change-stream.ts'
import { Hub } from './hub.ts'
import { parseChangeStream } from './options.ts'
import { View } from './view.ts'

/** A deployment to write to, and a hub over its log. */
export interface Bench {
  readonly env: ManualEnv
  readonly services: TestServices
  readonly store: Store
  readonly hub: Hub
  command(document: Document): Promise<Document>
  close(): Promise<void>
}

export interface BenchOptions {
  /** How a read of the streams comes about; at once if it is not given. */
  readonly read?: <T>(kind: ReadKind, read: () => T | Promise<T>) => Promise<T>
  /** What all backlogs together may hold. */
  readonly backlogsBytesMax?: number | undefined
}

export async function openBench({ read, backlogsBytesMax }: BenchOptions = {}): Promise<Bench> {
  const env = new ManualEnv()
  const services = await openServices(env)
  const store =
    read === undefined ? services.store : { ...services.store, engine: withReads(services.store.engine, read) }
  const isOwn = read === undefined && backlogsBytesMax === undefined
  const hub = isOwn ? services.hub : new Hub(store, backlogsBytesMax === undefined ? {} : { backlogsBytesMax })
  return {
    env,
    services,
    store,
    hub,
    command: document => command(services, document),
    async close() {
      hub.close()
      await services.close()
    },
  }
}

export type ReadKind = 'readAfter' | 'get' | 'snapshot'

/** The engine, but what is read comes about as `read` will have it. */
function withReads(engine: OpenedEngine, read: NonNullable<BenchOptions['read']>): OpenedEngine {
  return {
    deploymentId: engine.deploymentId,
    log: {
      get oldest() {
        return engine.log.oldest
      },
      get newest() {
        return engine.log.newest
      },
      get bytes() {
        return engine.log.bytes
      },
      readAfter: (position, limits) => read('readAfter', () => engine.log.readAfter(position, limits)),
      readBefore: (position, limits) => engine.log.readBefore(position, limits),
      countAfter: position => engine.log.countAfter(position),
      get: position => read('get', () => engine.log.get(position)),
      onAppend: listener => engine.log.onAppend(listener),
      truncateBefore: time => engine.log.truncateBefore(time),
    },
    snapshot: () => read('snapshot', () => engine.snapshot()),
    write: body => engine.write(body),
    close: () => engine.close(),
  }
}

/** Each read takes `turns` of the queue of promises before it looks, and again before it answers: it may be old when it comes. */
export function slowly(turns: () => number): Required<Pick<BenchOptions, 'read'>> {
  return {
    async read(_kind, read) {
      await passTurns(turns())
      const found = await read()
      await passTurns(turns())
      return found
    },
  }
}

/** Reads whose answers a test keeps back, one at a time. */
export class HeldReads implements BenchOptions {
  readonly #held: { readonly kind: ReadKind; readonly until: Promise<void>; readonly fails: boolean }[] = []

  /** The next read of that kind looks at once, and answers when the function that this gives is called. */
  hold(kind: ReadKind, { fails = false } = {}): () => void {
    let release = (): void => undefined
    const until = new Promise<void>(resolve => (release = resolve))
    this.#held.push({ kind, until, fails })
    return release
  }

  readonly read = async <T>(kind: ReadKind, read: () => T | Promise<T>): Promise<T> => {
    const found = await read()
    const index = this.#held.findIndex(each => each.kind === kind)
    const [held] = index === -1 ? [] : this.#held.splice(index, 1)
    await held?.until
    if (held?.fails === true) throw new StorageFailed('the disk is gone')
    return found
  }
}

/** The choices of one run, by a seed of their own: fast-check need not shrink them one by one. */
export function chooser(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

/** Passes `count` turns of the queue of promises. */
export async function passTurns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await Promise.resolve()
}

export interface StreamSpec {
  /** `db.coll`, `db`, or the empty string for everything. */
  readonly scope: string
  readonly stage?: Document
  readonly pipeline?: readonly Document[]
  readonly tokenVersion?: 1 | 2
  readonly backlogBytesMax?: number
}

export function viewOf({ scope, stage = {}, pipeline = [], tokenVersion = 2 }: StreamSpec): {
  view: View
  options: ReturnType<typeof parseChangeStream>
} {
  const [db = '', coll] = scope.split('.')
  const all = db === '' ? { allChangesForCluster: true } : {}
  const target = { db: db === '' ? 'admin' : db, coll, apiStrict: false, tokenVersion }
  const options = parseChangeStream(valueOf({ ...all, ...stage }), target)
  const stages = itemsOf(valueOf([...pipeline]))
  const collation = parseCollation(undefined)
  const compiled = compileChangeStreamPipeline(stages, {
    collation,
    variables: someVariables,
    variableNames: [],
  })
  return {
    options,
    view: new View({ options, stages, collation, pipeline: compiled, largeEvents: { split: 0, failed: 0 } }),
  }
}

export const valueOf = (value: unknown): Value =>
  must(getField(serialize({ value }, { ignoreUndefined: true }), 'value'), 'the value')

/** A stream without a cursor around it, and what it delivered. */
export class Reader {
  readonly stream: ChangeStream
  readonly events: Document[] = []
  /** Every token that was handed out, and how many events had been delivered then. */
  readonly tokens: { readonly token: Document; readonly delivered: number }[] = []
  ended = false
  readonly #abort = new AbortController()

  constructor({ store, hub }: Pick<Bench, 'store' | 'hub'>, spec: StreamSpec) {
    const { view, options } = viewOf(spec)
    const { backlogBytesMax } = spec
    const limits = backlogBytesMax === undefined ? {} : { backlogBytesMax }
    this.stream = new ChangeStream({ store, hub, view, start: options.start, ...limits })
  }

  /** One batch. Gives how many events it had. */
  async next({ countMax = Infinity, waitMs = 0 } = {}): Promise<number> {
    const { signal } = this.#abort
    const { documents, exhausted, extra } = await this.stream.next({
      countMax,
      waitMs,
      signal,
      check: () => signal.throwIfAborted(),
    })
    for (const document of documents) {
      const event = deserialize(document)
      this.events.push(event)
      this.tokens.push({ token: event._id, delivered: this.events.length })
    }
    const token = deserialize(must(extra, 'the token of a batch').postBatchResumeToken as Uint8Array)
    this.tokens.push({ token, delivered: this.events.length })
    this.ended = exhausted
    return documents.length
  }

  /** Batches until there is nothing more. */
  async drain(countMax = Infinity): Promise<Document[]> {
    while (!this.ended && (await this.next({ countMax })) > 0);
    return this.events
  }

  close(): void {
    this.stream.close()
  }
}
