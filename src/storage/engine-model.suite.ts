/**
 * Any history of writes, reads, truncations and reopenings leaves an engine in the state of a model of thirty lines: a Map for
 * each space, and an array.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentOf, isInOrder, k, logOf, show } from './engine.suite.ts'
import type { EngineUnderTest } from './engine.suite.ts'
import type { OpenedEngine, Position, Reader, Space, WriteTransaction } from './engine.ts'

type Step =
  | { readonly kind: 'put'; readonly space: Space; readonly key: string; readonly value: string }
  | { readonly kind: 'delete' | 'get'; readonly space: Space; readonly key: string }
  | { readonly kind: 'append'; readonly value: string }
  | { readonly kind: 'pause' }

interface Body {
  readonly kind: 'write'
  readonly steps: readonly Step[]
  readonly ends: 'at once' | 'later' | 'throws' | 'throws later'
}

type Action =
  | Body
  | { readonly kind: 'settle' | 'look' | 'reopen' | 'kill' }
  | { readonly kind: 'truncate'; readonly share: number }

const space = fc.constantFrom<Space>('records', 'records', 'index', 'index', 'catalog')
const key = fc.constantFrom('a', 'b', 'c', 'bb', '\xff', '\0')
const value = fc.string({ maxLength: 12, unit: 'binary-ascii' })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), space, key, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'get' as const), space, key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('append' as const), value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      steps: fc.array(step, { maxLength: 6 }),
      ends: fc.constantFrom(
        'at once' as const,
        'at once' as const,
        'later' as const,
        'throws' as const,
        'throws later' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'look' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'kill' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), share: fc.integer({ min: 0, max: 100 }) }),
  },
)

class Model {
  readonly spaces = new Map<Space, Map<string, string>>([
    ['records', new Map()],
    ['index', new Map()],
    ['catalog', new Map()],
  ])
  log: { readonly position: Position; readonly value: string }[] = []

  of(name: Space): Map<string, string> {
    return this.spaces.get(name) ?? new Map()
  }

  copy(): Model {
    const copy = new Model()
    for (const [name, map] of this.spaces) copy.spaces.set(name, new Map(map))
    copy.log = [...this.log]
    return copy
  }

  content(name: Space): string[] {
    return [...this.of(name)]
      .sort(([a], [b]) => Buffer.compare(k(a), k(b)))
      .map(([found, under]) => `${found}=${under}`)
  }
}

const refusal = new Error('thrown on purpose')

/** One history: what the engine does, what the model does, and where they differ. */
class Run {
  model = new Model()
  engine: OpenedEngine
  readonly #reopen: () => Promise<OpenedEngine>
  readonly #openKilled: () => Promise<OpenedEngine | undefined>
  readonly #pending: Promise<unknown>[] = []
  /** What was in the catalog, by its version. */
  #catalogs = new Map<number, readonly string[]>()

  constructor(
    engine: OpenedEngine,
    reopen: () => Promise<OpenedEngine>,
    openKilled: () => Promise<OpenedEngine | undefined>,
  ) {
    this.engine = engine
    this.#reopen = reopen
    this.#openKilled = openKilled
  }

  async act(next: Action): Promise<void> {
    switch (next.kind) {
      case 'write':
        this.#pending.push(this.#write(next))
        return
      case 'settle':
        return this.#settle()
      case 'look':
        await this.#settle()
        return this.check()
      case 'reopen':
        await this.#settle()
        await this.engine.close()
        this.engine = await this.#reopen()
        this.#catalogs.clear()
        return this.check()
      case 'kill':
        await this.#settle()
        return this.#checkKilled()
      case 'truncate': {
        await this.#settle()
        const at = this.model.log[Math.floor((next.share / 101) * this.model.log.length)]
        if (at === undefined) return
        const { time } = at.position
        this.model.log = this.model.log.filter(({ position }) => position.time >= time)
        this.#pending.push(this.engine.log.truncateBefore(time))
      }
    }
  }

  /** Bodies run one at a time and in order, so the model may follow them step by step. */
  async #write({ steps, ends }: Body): Promise<void> {
    const written = this.engine.write(transaction => {
      const draft = this.model.copy()
      const appended: string[] = []
      const finish = () => {
        if (ends.startsWith('throws')) throw refusal
        const time = (this.model.log.at(-1)?.position.time ?? 0n) + 1n
        draft.log.push(...appended.map((entry, index) => ({ position: { time, index }, value: entry })))
        this.model = draft
        return appended.length === 0 ? undefined : { time, index: appended.length - 1 }
      }
      if (ends === 'at once' || ends === 'throws') {
        for (const each of steps) this.#stepNow(transaction, draft, appended, each)
        return finish()
      }
      return (async () => {
        for (const each of steps) {
          if (each.kind === 'pause') await new Promise(resolve => setImmediate(resolve))
          else this.#stepNow(transaction, draft, appended, each)
        }
        await Promise.resolve()
        return finish()
      })()
    })
    try {
      const { result, position } = await written
      expect(position).toEqual(result)
    } catch (error) {
      if (error !== refusal) throw error
    }
  }

  /** Readers with one version see one catalog. */
  #checkCatalog({ catalogVersion }: Reader, model: Model): void {
    if (catalogVersion === undefined) return
    const content = model.content('catalog')
    expect(content).toEqual(this.#catalogs.get(catalogVersion) ?? content)
    this.#catalogs.set(catalogVersion, content)
  }

  #stepNow(transaction: WriteTransaction, draft: Model, appended: string[], each: Step): void {
    this.#checkCatalog(transaction, draft)
    switch (each.kind) {
      case 'put':
        draft.of(each.space).set(each.key, each.value)
        return transaction.put(each.space, k(each.key), k(each.value))
      case 'delete':
        draft.of(each.space).delete(each.key)
        return transaction.delete(each.space, k(each.key))
      case 'append':
        appended.push(each.value)
        return transaction.append(k(each.value))
      case 'get': {
        const found = transaction.get(each.space, k(each.key))
        if (!(found instanceof Promise)) expect(show(found)).toBe(draft.of(each.space).get(each.key))
        return
      }
      case 'pause':
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0))
  }

  /** What the engine would be if it were killed now is as the model says too; it goes on. */
  async #checkKilled(): Promise<void> {
    const { engine } = this
    const killed = await this.#openKilled()
    if (killed === undefined) return
    const catalogs = this.#catalogs
    try {
      this.engine = killed
      this.#catalogs = new Map()
      await this.check()
    } finally {
      this.engine = engine
      this.#catalogs = catalogs
      await killed.close()
    }
  }

  async check(): Promise<void> {
    await this.#settle()
    const { engine, model } = this
    const snapshot = await engine.snapshot()
    for (const name of model.spaces.keys()) expect(await contentOf(snapshot, name)).toEqual(model.content(name))
    this.#checkCatalog(snapshot, model)
    const newest = model.log.at(-1)?.position ?? { time: 0n, index: 0 }
    expect([snapshot.position, engine.log.newest]).toEqual([newest, newest])
    snapshot.close()
    expect(engine.log.oldest).toEqual(model.log[0]?.position ?? { time: 0n, index: 0 })
    expect(await logOf(engine)).toEqual(
      model.log.map(({ position: at, value: entry }) => `${at.time}.${at.index}:${entry}`),
    )
    expect(engine.log.bytes).toBe(model.log.reduce((bytes, { value: entry }) => bytes + entry.length, 0))
    const middle = model.log[model.log.length >> 1]
    if (middle === undefined) return
    const behind = await engine.log.readAfter(middle.position, { bytesMax: 20 })
    expect(isInOrder(behind)).toBe(true)
    expect(behind.map(({ bytes }) => show(bytes))).toEqual(
      model.log
        .slice((model.log.length >> 1) + 1, (model.log.length >> 1) + 1 + behind.length)
        .map(({ value: entry }) => entry),
    )
    const before = await engine.log.readBefore(middle.position, { bytesMax: 20 })
    expect(before.toReversed().map(({ bytes }) => show(bytes))).toEqual(
      model.log.slice((model.log.length >> 1) - before.length, model.log.length >> 1).map(({ value: entry }) => entry),
    )
  }
}

export function engineModelSuite({ name, open, newPlace, killedAt }: EngineUnderTest): void {
  test(`${name}: any history leaves it as the model says`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async actions => {
        const place = newPlace()
        const openKilled = async () => killedAt && open(killedAt(place))
        const run = new Run(await open(place), () => open(place), openKilled)
        try {
          for (const each of actions) await run.act(each)
          await run.check()
        } finally {
          await run.engine.close()
        }
      }),
      { numRuns: 120 },
    )
  })
}
