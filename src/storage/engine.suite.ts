/**
 * What every engine promises, sentence by sentence of engine.ts. Run by engine.test.ts over all of storage/engines/.
 *
 * Keys and values are written as text here. `k('a')` is a key, `show(...)` reads bytes back.
 */
import { describe, expect, test } from 'vitest'
import { Bug } from '../base/assert.ts'
import { StorageFailed } from '../base/errors.ts'
import { comparePositions, keyBytesMax, logIndexMax, spaces, stoppedByLimits } from './engine.ts'
import type { EngineOptions, LogEntry, OpenedEngine, Position, Reader, Space, WriteTransaction } from './engine.ts'

export interface EngineUnderTest {
  readonly name: string
  /** Opens what lies at `place`, which is a folder that may not be there yet, or stands for one. */
  readonly open: (place: string, options?: Partial<EngineOptions>) => Promise<OpenedEngine>
  /** A place where nothing is. */
  readonly newPlace: () => string
  /** A place with what a kill would leave now of the one at `place`; undefined for engines that have nothing then. */
  readonly killedAt?: (place: string) => string
}

export const k = (text: string): Uint8Array => Buffer.from(text, 'latin1')
export const show = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1')

const everything = { from: k(''), to: new Uint8Array(keyBytesMax + 1).fill(0xff) }
const noLimits = { countMax: 1_000_000, bytesMax: 1_000_000_000 }
const beginning: Position = { time: 0n, index: 0 }

/** All of a space, as `key=value`. */
export async function contentOf(reader: Reader, space: Space): Promise<string[]> {
  const found = await reader.scan(space, everything, noLimits)
  return found.map(({ key, value }) => `${show(key)}=${show(value)}`)
}

/** The same, of what a reader sees now. */
async function contentNow(engine: OpenedEngine, space: Space = 'records'): Promise<string[]> {
  const snapshot = await engine.snapshot()
  try {
    return await contentOf(snapshot, space)
  } finally {
    snapshot.close()
  }
}

/** The version of the catalog that a reader sees now. */
export async function catalogVersionOf(engine: OpenedEngine): Promise<number | undefined> {
  const snapshot = await engine.snapshot()
  try {
    return snapshot.catalogVersion
  } finally {
    snapshot.close()
  }
}

const showEntries = (entries: readonly LogEntry[]) =>
  entries.map(({ position: { time, index }, bytes }) => `${time}.${index}:${show(bytes)}`)

/** The whole log behind a position, as `time.index:entry`. */
export async function logOf(engine: OpenedEngine, after: Position = beginning): Promise<string[]> {
  return showEntries(await engine.log.readAfter(after, { bytesMax: 1_000_000_000 }))
}

const put = (engine: OpenedEngine, ...pairs: readonly string[]) =>
  engine.write(transaction => {
    for (const pair of pairs) {
      const [key = '', value = ''] = pair.split('=')
      transaction.put('records', k(key), k(value))
    }
  })

const append = (engine: OpenedEngine, ...entries: readonly string[]) =>
  engine.write(transaction => entries.forEach(entry => transaction.append(k(entry))))

/** A promise that is resolved from outside, for bodies that take as long as a test wants them to. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const passed = new Promise<void>(resolve => (open = resolve))
  return { passed, open }
}

export function engineSuite({ name, open, newPlace }: EngineUnderTest): void {
  const withEngine =
    (run: (engine: OpenedEngine) => Promise<void>, options: Partial<EngineOptions> = {}) =>
    async () => {
      const engine = await open(newPlace(), options)
      try {
        await run(engine)
      } finally {
        await engine.close()
      }
    }

  describe(`${name}: keys and values`, () => {
    test(
      'what was put is there, what was put over it replaces it, what was deleted is gone',
      withEngine(async engine => {
        await put(engine, 'a=1', 'b=2')
        expect(await contentNow(engine)).toEqual(['a=1', 'b=2'])
        await put(engine, 'a=3')
        await engine.write(transaction => transaction.delete('records', k('b')))
        await engine.write(transaction => transaction.delete('records', k('never there')))
        expect(await contentNow(engine)).toEqual(['a=3'])
      }),
    )

    test(
      'the last word of a body on a key counts',
      withEngine(async engine => {
        await engine.write(transaction => {
          transaction.put('records', k('a'), k('1'))
          transaction.delete('records', k('a'))
          transaction.put('records', k('b'), k('1'))
          transaction.put('records', k('b'), k('2'))
          transaction.delete('records', k('c'))
          transaction.put('records', k('c'), k('3'))
        })
        expect(await contentNow(engine)).toEqual(['b=2', 'c=3'])
      }),
    )

    test(
      'spaces are apart',
      withEngine(async engine => {
        await engine.write(transaction => spaces.forEach(space => transaction.put(space, k('a'), k(space))))
        for (const space of spaces) expect(await contentNow(engine, space)).toEqual([`a=${space}`])
      }),
    )

    test(
      'keys have one byte to keyBytesMax, of any kind; others are a bug',
      withEngine(async engine => {
        const longest = new Uint8Array(keyBytesMax).fill(0xff)
        const keys = [Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(255), longest]
        await engine.write(transaction => keys.forEach(key => transaction.put('index', key, key)))
        const snapshot = await engine.snapshot()
        expect(await snapshot.getMany('index', keys)).toEqual(
          keys.map(key => expect.objectContaining({ length: key.length })),
        )
        expect((await snapshot.scan('index', everything, noLimits)).map(({ key }) => show(key))).toEqual(keys.map(show))
        expect(await snapshot.get('index', new Uint8Array(keyBytesMax + 1))).toBe(undefined)
        expect(await snapshot.get('index', k(''))).toBe(undefined)
        snapshot.close()
        for (const key of [k(''), new Uint8Array(keyBytesMax + 1)]) {
          await expect(engine.write(transaction => transaction.put('index', key, k('x')))).rejects.toThrow(Bug)
          await expect(engine.write(transaction => transaction.delete('index', key))).rejects.toThrow(Bug)
        }
      }),
    )

    test(
      'values have any size, none included',
      withEngine(async engine => {
        const sizes = [0, 1, 63, 64, 65, 4000, 5000, 20_000, 1 << 20, 17 << 20]
        const valueOf = (size: number) => new Uint8Array(size).fill(size % 251)
        for (const size of sizes) {
          await engine.write(transaction => transaction.put('records', k(String(size)), valueOf(size)))
        }
        const snapshot = await engine.snapshot()
        const byGet = await snapshot.getMany('records', sizes.map(String).map(k))
        const byScan = await snapshot.scan('records', everything, noLimits)
        snapshot.close()
        for (const [index, size] of sizes.entries()) {
          const scanned = byScan.find(({ key }) => show(key) === String(size))?.value
          expect(Buffer.compare(byGet[index] ?? k('nothing'), valueOf(size))).toBe(0)
          expect(Buffer.compare(scanned ?? k('nothing'), valueOf(size))).toBe(0)
        }
      }),
    )

    test(
      'many keys are answered in their order',
      withEngine(async engine => {
        await put(engine, 'a=1', 'b=2')
        const snapshot = await engine.snapshot()
        const found = await snapshot.getMany('records', ['b', 'x', 'a', 'b'].map(k))
        expect(found.map(show)).toEqual(['2', undefined, '1', '2'])
        expect(await snapshot.getMany('records', [])).toEqual([])
        snapshot.close()
      }),
    )

    test(
      'bytes that came out stay what they are, whatever is read and written later',
      withEngine(async engine => {
        await put(engine, 'a=first', 'b=second', 'c=third')
        const snapshot = await engine.snapshot()
        const got = await snapshot.get('records', k('a'))
        const [scanned] = await snapshot.scan('records', everything, noLimits)
        await put(engine, 'a=other', 'b=other', 'c=other')
        await snapshot.getMany('records', ['c', 'b'].map(k))
        snapshot.close()
        await contentNow(engine)
        expect([show(got), show(scanned?.key), show(scanned?.value)]).toEqual(['first', 'a', 'first'])
      }),
    )
  })

  describe(`${name}: scans`, () => {
    const keys = ['\0', 'a', 'a\0', 'ab', 'b', 'b\xff', 'c', '\xff']
    const scans: readonly [string, string, readonly string[]][] = [
      ['', '\xff\xff', keys],
      ['a', 'b', ['a', 'a\0', 'ab']],
      ['a\0', 'b\0', ['a\0', 'ab', 'b']],
      ['b', 'b', []],
      ['c', 'a', []],
      ['', '', []],
      ['', 'a', ['\0']],
      ['bb', 'c', ['b\xff']],
      ['c', '\xff', ['c']],
      ['d', 'e', []],
      ['\xff\xff', '\xff\xff\xff', []],
    ]

    test(
      'a range goes from its first bound to before its second, as bytes are ordered, or back',
      withEngine(async engine => {
        await engine.write(transaction => keys.toReversed().forEach(key => transaction.put('index', k(key), k(key))))
        const snapshot = await engine.snapshot()
        for (const [from, to, expected] of scans) {
          const range = { from: k(from), to: k(to) }
          const up = await snapshot.scan('index', range, noLimits)
          const down = await snapshot.scan('index', { ...range, reverse: true }, noLimits)
          expect([from, to, ...up.map(({ key }) => show(key))]).toEqual([from, to, ...expected])
          expect([from, to, ...down.map(({ value }) => show(value))]).toEqual([from, to, ...expected.toReversed()])
        }
        snapshot.close()
      }),
    )

    test(
      'bounds may be a byte longer than the longest key',
      withEngine(async engine => {
        const longest = new Uint8Array(keyBytesMax).fill(7)
        const behind = Buffer.concat([longest, k('\0')])
        await engine.write(transaction => transaction.put('index', longest, k('x')))
        const snapshot = await engine.snapshot()
        const scan = async (from: Uint8Array, to: Uint8Array, reverse: boolean) =>
          (await snapshot.scan('index', { from, to, reverse }, noLimits)).length
        for (const reverse of [false, true]) {
          expect(await scan(k(''), behind, reverse)).toBe(1)
          expect(await scan(behind, everything.to, reverse)).toBe(0)
        }
        snapshot.close()
      }),
    )

    test(
      'a scan ends at its limits, and tells whether it may have',
      withEngine(async engine => {
        await put(engine, 'a=1234', 'b=1234', 'c=1234', 'd=1234')
        const snapshot = await engine.snapshot()
        const scan = async (countMax: number, bytesMax: number, reverse = false) => {
          const limits = { countMax, bytesMax }
          const found = await snapshot.scan('records', { ...everything, reverse }, limits)
          return found.map(({ key }) => show(key)).join('') + (stoppedByLimits(found, limits) ? '…' : '')
        }
        expect(await scan(1, 100)).toBe('a…')
        expect(await scan(3, 100)).toBe('abc…')
        expect(await scan(3, 100, true)).toBe('dcb…')
        expect(await scan(4, 100)).toBe('abcd…')
        expect(await scan(5, 100)).toBe('abcd')
        expect(await scan(9, 1)).toBe('a…')
        expect(await scan(9, 5)).toBe('a…')
        expect(await scan(9, 6)).toBe('ab…')
        expect(await scan(9, 6, true)).toBe('dc…')
        expect(await scan(9, 20)).toBe('abcd…')
        expect(await scan(9, 21)).toBe('abcd')
        snapshot.close()
      }),
    )
  })

  describe(`${name}: write bodies`, () => {
    test(
      'a body that is synchronous runs within the call when nobody is before it',
      withEngine(async engine => {
        const order: string[] = []
        const first = engine.write(transaction =>
          order.push(`first ${show(transaction.get('records', k('a')) as undefined)}`),
        )
        order.push('between')
        const second = engine.write(() => order.push('second'))
        order.push('end')
        expect(order).toEqual(['first undefined', 'between', 'second', 'end'])
        await Promise.all([first, second])
      }),
    )

    test(
      'a body sees its own puts and those of all bodies before it, durable or not',
      withEngine(async engine => {
        await put(engine, 'a=1', 'b=1', 'c=1')
        const seen: (string | undefined)[][] = []
        const look = async (transaction: WriteTransaction) => {
          const found = await transaction.getMany('records', ['a', 'b', 'c', 'd'].map(k))
          seen.push(found.map(show))
        }
        const writes = [
          engine.write(async transaction => {
            transaction.put('records', k('a'), k('2'))
            transaction.delete('records', k('b'))
            await look(transaction)
          }),
          engine.write(async transaction => {
            await look(transaction)
            transaction.put('records', k('b'), k('3'))
            transaction.put('records', k('d'), k('3'))
          }),
          engine.write(look),
        ]
        await Promise.all(writes)
        await engine.write(look)
        expect(seen).toEqual([
          ['2', undefined, '1', undefined],
          ['2', undefined, '1', undefined],
          ['2', '3', '1', '3'],
          ['2', '3', '1', '3'],
        ])
        expect(await contentNow(engine)).toEqual(['a=2', 'b=3', 'c=1', 'd=3'])
      }),
    )

    test(
      'bodies run one after another, in the order of the calls, however long one takes',
      withEngine(async engine => {
        const { passed, open: letGo } = gate()
        const order: string[] = []
        const slow = engine.write(async () => {
          order.push('slow begins')
          await passed
          order.push('slow ends')
        })
        const later = [1, 2, 3].map(number => engine.write(() => order.push(`later ${number}`)))
        expect(order).toEqual(['slow begins'])
        letGo()
        await Promise.all([slow, ...later])
        expect(order).toEqual(['slow begins', 'slow ends', 'later 1', 'later 2', 'later 3'])
      }),
    )

    test(
      'a body that throws leaves nothing, and its error is the one that comes back',
      withEngine(async engine => {
        const error = new Error('no')
        const spoil = (transaction: WriteTransaction) => {
          transaction.put('records', k('a'), k('spoiled'))
          transaction.delete('records', k('b'))
          transaction.append(k('spoiled'))
        }
        await put(engine, 'b=1')
        const outcomes = await Promise.allSettled([
          engine.write(transaction => {
            spoil(transaction)
            throw error
          }),
          put(engine, 'c=1'),
          engine.write(async transaction => {
            spoil(transaction)
            await Promise.resolve()
            throw error
          }),
          engine.write(async transaction => show(await transaction.get('records', k('b')))),
        ])
        expect(
          outcomes.map(outcome => (outcome.status === 'rejected' ? outcome.reason : outcome.value.result)),
        ).toEqual([error, undefined, error, '1'])
        expect(await contentNow(engine)).toEqual(['b=1', 'c=1'])
        expect(await logOf(engine)).toEqual([])
      }),
    )

    test(
      'a write gives what its body gave, and the position of its last entry',
      withEngine(async engine => {
        expect(await engine.write(() => 'result')).toEqual({ result: 'result', position: undefined })
        expect(await engine.write(() => Promise.resolve(7))).toEqual({ result: 7, position: undefined })
        expect(await append(engine, 'x')).toEqual({ result: undefined, position: { time: 1n, index: 0 } })
        expect(await append(engine, 'y', 'z')).toEqual({ result: undefined, position: { time: 2n, index: 1 } })
        expect((await put(engine, 'a=1')).position).toBe(undefined)
      }),
    )

    test(
      'readers see nothing that is not durable, a scan within a body included',
      withEngine(async engine => {
        await put(engine, 'a=1')
        const scanned: string[][] = []
        const write = engine.write(transaction => {
          transaction.put('records', k('a'), k('2'))
          transaction.put('records', k('b'), k('2'))
          transaction.append(k('entry'))
        })
        const scan = engine.write(async transaction => scanned.push(await contentOf(transaction, 'records')))
        const [taken, newest] = [engine.snapshot(), engine.log.newest]
        const snapshot = await taken
        expect(await contentOf(snapshot, 'records')).toEqual(['a=1'])
        expect([snapshot.position, newest]).toEqual([beginning, beginning])
        snapshot.close()
        await Promise.all([write, scan])
        expect(scanned).toEqual([['a=1']])
        expect(await contentNow(engine)).toEqual(['a=2', 'b=2'])
        await engine.write(async transaction => {
          transaction.put('records', k('c'), k('3'))
          scanned.push(await contentOf(transaction, 'records'))
        })
        expect(scanned.at(-1)).toEqual(['a=2', 'b=2'])
      }),
    )

    test(
      'a body that changes nothing is done when what it read is durable',
      withEngine(async engine => {
        const order: string[] = []
        const write = put(engine, 'a=1').then(() => order.push('written'))
        const read = engine
          .write(async transaction => show(await transaction.get('records', k('a'))))
          .then(({ result }) => order.push(`read ${result}`))
        await Promise.all([write, read])
        expect(order).toEqual(['written', 'read 1'])
      }),
    )

    test(
      'a body that asks for another write is told that this is a bug',
      withEngine(async engine => {
        await expect(engine.write(() => put(engine, 'a=1'))).rejects.toThrow(Bug)
        await put(engine, 'b=1')
        expect(await contentNow(engine)).toEqual(['b=1'])
      }),
    )

    test(
      'a transaction is good for nothing once its body has ended',
      withEngine(async engine => {
        const kept: WriteTransaction[] = []
        await engine.write(transaction => kept.push(transaction))
        const escape = engine.write(transaction => {
          kept.push(transaction)
          throw new Error('no')
        })
        await expect(escape).rejects.toThrow('no')
        for (const transaction of kept) {
          expect(() => transaction.get('records', k('a'))).toThrow(Bug)
          expect(() => transaction.put('records', k('a'), k('1'))).toThrow(Bug)
          expect(() => transaction.append(k('x'))).toThrow(Bug)
        }
        expect(kept.length).toBe(2)
      }),
    )

    test(
      'a thousand writes at once all happen, in order',
      withEngine(async engine => {
        const count = async (transaction: WriteTransaction) => {
          const before = Number(show(await transaction.get('meta', k('count'))) ?? 0)
          transaction.put('meta', k('count'), k(String(before + 1)))
          transaction.append(k(String(before + 1)))
          return before
        }
        const countAtOnce = (transaction: WriteTransaction) => {
          const found = transaction.get('meta', k('count'))
          if (found instanceof Promise) return count(transaction)
          const before = Number(show(found) ?? 0)
          transaction.put('meta', k('count'), k(String(before + 1)))
          transaction.append(k(String(before + 1)))
          return before
        }
        const writes = Array.from({ length: 1000 }, (_, index) => engine.write(index % 100 === 7 ? count : countAtOnce))
        const results = (await Promise.all(writes)).map(({ result }) => result)
        expect(results).toEqual(results.map((_, index) => index))
        expect((await logOf(engine)).map(entry => Number(entry.split(':')[1]))).toEqual(
          results.map(before => before + 1),
        )
      }),
    )
  })

  describe(`${name}: the log`, () => {
    test(
      'the version of the catalog is the same as long as nothing changes in it, and known to be so',
      withEngine(async engine => {
        const versionNow = () => catalogVersionOf(engine)
        const versionIn = async (transaction: WriteTransaction) => transaction.catalogVersion
        const before = await versionNow()
        expect(before).toBeTypeOf('number')
        await put(engine, 'a=1')
        expect([await versionNow(), (await engine.write(versionIn)).result]).toEqual([before, before])
        const held = await engine.snapshot()
        const changed = engine.write(transaction => {
          transaction.put('catalog', k('a'), k('1'))
          return transaction.catalogVersion
        })
        // Decided, and not durable yet.
        const behind = engine.write(transaction => transaction.catalogVersion)
        expect([(await changed).result, (await behind).result]).toEqual([undefined, undefined])
        const after = await versionNow()
        expect(after).not.toBe(before)
        expect([held.catalogVersion, (await engine.write(versionIn)).result]).toEqual([before, after])
        held.close()
        expect(() => held.catalogVersion).toThrow(Bug)
        let ended: WriteTransaction | undefined
        await engine.write(transaction => {
          ended = transaction
        })
        expect(() => ended?.catalogVersion).toThrow(Bug)
      }),
    )

    test('nextTime is asked once for each commit that appends, in commit order, after the time before', async () => {
      const asked: bigint[] = []
      const nextTime = (previous: bigint) => {
        asked.push(previous)
        return previous + 10n
      }
      const engine = await open(newPlace(), { nextTime })
      const { passed, open: letGo } = gate()
      const writes = [
        append(engine, 'a', 'b'),
        put(engine, 'x=1'),
        engine.write(async transaction => {
          transaction.append(k('c'))
          await passed
        }),
        engine
          .write(transaction => {
            transaction.append(k('lost'))
            throw new Error('no')
          })
          .catch(() => undefined),
        append(engine, 'd'),
      ]
      letGo()
      await Promise.all(writes)
      expect(asked).toEqual([0n, 10n, 20n])
      expect(await logOf(engine)).toEqual(['10.0:a', '10.1:b', '20.0:c', '30.0:d'])
      await engine.close()
    })

    test('a time that does not grow is a bug, and the write does not happen', async () => {
      const times = [5n, 5n, 6n]
      const engine = await open(newPlace(), { nextTime: () => times.shift() ?? 0n })
      await append(engine, 'a')
      await expect(append(engine, 'b')).rejects.toThrow(Bug)
      await append(engine, 'c')
      expect(await logOf(engine)).toEqual(['5.0:a', '6.0:c'])
      await engine.close()
    })

    test(
      'an empty log begins and ends before its first entry',
      withEngine(async ({ log }) => {
        expect([log.oldest, log.newest, log.bytes]).toEqual([beginning, beginning, 0])
        expect(await log.readAfter(beginning, { bytesMax: 100 })).toEqual([])
        expect(await log.get(beginning)).toBe(undefined)
        await log.truncateBefore(5n)
        expect([log.oldest, log.newest, log.bytes]).toEqual([beginning, beginning, 0])
      }),
    )

    test(
      'it knows its ends and its size, and is read behind any position',
      withEngine(async engine => {
        const { log } = engine
        await append(engine, 'a', 'bb')
        await append(engine, 'ccc')
        expect([log.oldest, log.newest, log.bytes]).toEqual([{ time: 1n, index: 0 }, { time: 2n, index: 0 }, 6])
        const behind = (time: bigint, index: number) => logOf(engine, { time, index })
        expect(await behind(0n, 0)).toEqual(['1.0:a', '1.1:bb', '2.0:ccc'])
        expect(await behind(1n, 0)).toEqual(['1.1:bb', '2.0:ccc'])
        expect(await behind(1n, 1)).toEqual(['2.0:ccc'])
        expect(await behind(1n, 99)).toEqual(['2.0:ccc'])
        expect(await behind(1n, logIndexMax)).toEqual(['2.0:ccc'])
        expect(await behind(2n, 0)).toEqual([])
        expect(await behind(9n, 0)).toEqual([])
      }),
    )

    test(
      'a read gives about as many bytes as asked for, and at least one entry',
      withEngine(async engine => {
        await append(engine, 'aaaa', 'bbbb', 'cccc', 'dddd')
        const countOf = async (bytesMax: number) => (await engine.log.readAfter(beginning, { bytesMax })).length
        expect(await countOf(1)).toBe(1)
        expect(await countOf(12)).toBeGreaterThanOrEqual(2)
        expect(await countOf(12)).toBeLessThanOrEqual(3)
        expect(await countOf(100)).toBe(4)
      }),
    )

    test('a commit of many entries is read from any of them on, however large it is', async () => {
      const place = newPlace()
      const entries = Array.from({ length: 300 }, (_, index) => String(index).padEnd(1000, '.'))
      const first = await open(place)
      await append(first, 'before')
      await append(first, ...entries)
      await append(first, 'after')
      const check = async ({ log }: OpenedEngine) => {
        for (const index of [0, 1, 64, 65, 66, 298, 299]) {
          const position = { time: 2n, index }
          const found = await log.get(position)
          expect(found && show(found.bytes)).toBe(entries[index])
          const [next] = await log.readAfter(position, { bytesMax: 1 })
          expect(next && show(next.bytes)).toBe(entries[index + 1] ?? 'after')
          const rest = await log.readAfter(position, { bytesMax: 1_000_000 })
          expect(rest.length).toBe(300 - index)
        }
        expect(await log.get({ time: 2n, index: 300 })).toBe(undefined)
        expect(await log.readAfter({ time: 3n, index: 0xffff_ffff }, { bytesMax: 1 })).toEqual([])
        expect(log.bytes).toBe(300_011)
      }
      await check(first)
      await first.close()
      const second = await open(place)
      await check(second)
      await second.close()
    })

    test(
      'it is read backwards from any position, a piece at a time',
      withEngine(async engine => {
        await append(engine, 'a', 'bb')
        await append(engine, 'ccc')
        const before = async (time: bigint, index: number, bytesMax = 100) =>
          showEntries(await engine.log.readBefore({ time, index }, { bytesMax }))
        expect(await before(9n, 0)).toEqual(['2.0:ccc', '1.1:bb', '1.0:a'])
        expect(await before(2n, 0)).toEqual(['1.1:bb', '1.0:a'])
        expect(await before(1n, logIndexMax)).toEqual(['1.1:bb', '1.0:a'])
        expect(await before(1n, 1)).toEqual(['1.0:a'])
        expect(await before(1n, 0)).toEqual([])
        expect(await before(9n, 0, 1)).toEqual(['2.0:ccc'])
      }),
    )

    test(
      'the entries behind a position are counted, those that are known without reading',
      withEngine(async engine => {
        await append(engine, 'a', 'b')
        await append(engine, 'c')
        const countAfter = (time: bigint, index: number) => engine.log.countAfter({ time, index })
        expect(countAfter(0n, 0)).toEqual({ count: 3, isExact: true })
        expect(countAfter(1n, 0)).toEqual({ count: 2, isExact: true })
        expect(countAfter(2n, 0)).toEqual({ count: 0, isExact: true })
        expect(countAfter(9n, 0)).toEqual({ count: 0, isExact: true })
        await engine.log.truncateBefore(2n)
        expect(countAfter(1n, 1)).toEqual({ count: 1, isExact: true })
        expect(countAfter(0n, 0)).toEqual({ count: 1, isExact: false })
      }),
    )

    test(
      'an entry is found exactly where it is',
      withEngine(async engine => {
        await append(engine, 'a', 'b')
        await append(engine, '')
        const at = async (time: bigint, index: number) => {
          const entry = await engine.log.get({ time, index })
          return entry && showEntries([entry])[0]
        }
        expect(await at(1n, 1)).toBe('1.1:b')
        expect(await at(2n, 0)).toBe('2.0:')
        expect(await at(1n, 2)).toBe(undefined)
        expect(await at(3n, 0)).toBe(undefined)
      }),
    )

    test(
      'listeners are called after each group that appended, when it can be read',
      withEngine(async engine => {
        const heard: string[] = []
        const stop = engine.log.onAppend(() => {
          heard.push(`${engine.log.newest.time}`)
        })
        await append(engine, 'a')
        expect(heard).toEqual(['1'])
        await put(engine, 'x=1')
        await engine.write(() => undefined)
        expect(heard).toEqual(['1'])
        await Promise.all([append(engine, 'b'), append(engine, 'c')])
        expect(heard.at(-1)).toBe('3')
        expect(heard.length).toBeLessThanOrEqual(3)
        stop()
        stop()
        await append(engine, 'd')
        expect(heard.at(-1)).toBe('3')
      }),
    )

    test(
      'what a listener reads holds what it is told of',
      withEngine(async engine => {
        const heard: Promise<unknown>[] = []
        engine.log.onAppend(() => {
          const read = async () => {
            const snapshot = await engine.snapshot()
            const record = show(await snapshot.get('records', k('a')))
            snapshot.close()
            return [record, await logOf(engine), snapshot.position, engine.log.newest]
          }
          heard.push(read())
        })
        await engine.write(transaction => {
          transaction.put('records', k('a'), k('1'))
          transaction.append(k('entry'))
        })
        const position = { time: 1n, index: 0 }
        expect(await Promise.all(heard)).toEqual([['1', ['1.0:entry'], position, position]])
      }),
    )

    test('a listener that throws keeps no other from being called, and is reported', async () => {
      const reported: unknown[] = []
      const engine = await open(newPlace(), { report: error => reported.push(error) })
      const heard: string[] = []
      const error = new Error('bad listener')
      engine.log.onAppend(() => heard.push('first'))
      engine.log.onAppend(() => {
        throw error
      })
      const stop = engine.log.onAppend(() => {
        heard.push('last')
        stop()
      })
      await append(engine, 'a')
      await append(engine, 'b')
      expect(heard).toEqual(['first', 'last', 'first'])
      expect(reported).toEqual([error, error])
      await engine.close()
    })

    test(
      'truncation removes the commits before a time, and never the last one',
      withEngine(async engine => {
        const { log } = engine
        await append(engine, 'a')
        await append(engine, 'bb', 'b')
        await append(engine, 'ccc')
        await append(engine, 'dddd')
        await log.truncateBefore(2n)
        expect([await logOf(engine), log.bytes]).toEqual([['2.0:bb', '2.1:b', '3.0:ccc', '4.0:dddd'], 10])
        expect(log.oldest).toEqual({ time: 2n, index: 0 })
        expect(await log.get({ time: 1n, index: 0 })).toBe(undefined)
        await log.truncateBefore(1n)
        await log.truncateBefore(2n)
        expect(log.oldest).toEqual({ time: 2n, index: 0 })
        await log.truncateBefore(3n)
        expect([await logOf(engine), log.bytes, log.oldest.time]).toEqual([['3.0:ccc', '4.0:dddd'], 7, 3n])
        await log.truncateBefore(99n)
        expect([await logOf(engine), log.bytes, log.oldest, log.newest]).toEqual([
          ['4.0:dddd'],
          4,
          { time: 4n, index: 0 },
          { time: 4n, index: 0 },
        ])
        await append(engine, 'e')
        expect([await logOf(engine), log.bytes]).toEqual([['4.0:dddd', '5.0:e'], 5])
      }),
    )

    test(
      'a long truncation lets writes through',
      withEngine(async engine => {
        const { log } = engine
        for (let time = 1; time <= 1000; time += 1) await append(engine, `${time}`, 'and more')
        let truncated = false
        const truncation = log.truncateBefore(900n).then(() => (truncated = true))
        const during: boolean[] = []
        for (let count = 0; count < 5; count += 1) {
          await append(engine, 'new')
          during.push(truncated)
        }
        await truncation
        expect(log.oldest).toEqual({ time: 900n, index: 0 })
        const entries = await logOf(engine)
        expect(entries.length).toBe(207)
        expect(log.bytes).toBe(entries.reduce((bytes, entry) => bytes + (entry.split(':')[1] ?? '').length, 0))
        expect(during.length).toBe(5)
      }),
    )
  })

  describe(`${name}: snapshots`, () => {
    test(
      'a snapshot stays as it is, whatever happens afterwards',
      withEngine(async engine => {
        const snapshots = []
        for (let version = 0; version < 20; version += 1) {
          snapshots.push(await engine.snapshot())
          await engine.write(transaction => {
            transaction.put('records', k('a'), k(`${version}`))
            transaction.put('index', k(`${version}`), k(''))
            transaction.append(k('entry'))
          })
        }
        // Closed in an order of their own.
        for (const version of [3, 19, 0, 7, 1, 18, 11]) {
          const snapshot = snapshots[version]
          if (snapshot === undefined) throw new Error('no such snapshot')
          const a = show(await snapshot.get('records', k('a')))
          expect([a, (await contentOf(snapshot, 'index')).length]).toEqual([
            version === 0 ? undefined : `${version - 1}`,
            version,
          ])
          expect(snapshot.position).toEqual({ time: BigInt(version), index: 0 })
          snapshot.close()
        }
        snapshots.forEach(snapshot => snapshot.close())
      }),
    )

    test(
      'what was acknowledged is in every snapshot taken from then on',
      withEngine(async engine => {
        for (let version = 0; version < 200; version += 1) {
          const { position } = await engine.write(transaction => {
            transaction.put('records', k('a'), k(`${version}`))
            transaction.append(k('entry'))
          })
          const snapshot = await engine.snapshot()
          expect([show(await snapshot.get('records', k('a'))), snapshot.position]).toEqual([`${version}`, position])
          snapshot.close()
        }
      }),
    )

    test(
      'its position is that of the state it shows, while writes go on',
      withEngine(async engine => {
        const writes: Promise<unknown>[] = []
        for (let version = 1; version <= 100; version += 1) {
          writes.push(
            engine.write(transaction => {
              transaction.put('records', k('version'), k(`${version}`))
              transaction.append(k('entry'))
            }),
          )
          if (version % 7 === 0) await writes[version - 5]
          const snapshot = await engine.snapshot()
          const shown = BigInt(show(await snapshot.get('records', k('version'))) ?? 0)
          expect(snapshot.position).toEqual({ time: shown, index: 0 })
          snapshot.close()
        }
        await Promise.all(writes)
      }),
    )

    test(
      'closing one twice is harmless, reading a closed one is a bug',
      withEngine(async engine => {
        await put(engine, 'a=1')
        const snapshot = await engine.snapshot()
        const other = await engine.snapshot()
        snapshot.close()
        snapshot.close()
        expect(() => snapshot.get('records', k('a'))).toThrow(Bug)
        expect(() => snapshot.scan('records', everything, noLimits)).toThrow(Bug)
        expect(show(await other.get('records', k('a')))).toBe('1')
        other.close()
      }),
    )
  })

  describe(`${name}: opening and closing`, () => {
    test('what was written is there when it is opened again, the log goes on where it was', async () => {
      const place = newPlace()
      const deploymentId = new Uint8Array(16).fill(9)
      const first = await open(place, { newDeploymentId: () => deploymentId })
      await put(first, 'a=1', 'b=2')
      await append(first, 'x')
      await append(first, 'y', 'yy')
      await append(first, 'zzz')
      await first.log.truncateBefore(2n)
      await first.close()

      const asked: bigint[] = []
      const second = await open(place, {
        newDeploymentId: () => new Uint8Array(16).fill(1),
        nextTime: previous => {
          asked.push(previous)
          return previous + 5n
        },
      })
      expect([...second.deploymentId]).toEqual([...deploymentId])
      expect(await contentNow(second)).toEqual(['a=1', 'b=2'])
      expect([second.log.oldest, second.log.newest, second.log.bytes]).toEqual([
        { time: 2n, index: 0 },
        { time: 3n, index: 0 },
        6,
      ])
      const snapshot = await second.snapshot()
      expect(snapshot.position).toEqual({ time: 3n, index: 0 })
      snapshot.close()
      await append(second, 'w')
      expect(asked).toEqual([3n])
      expect(await logOf(second)).toEqual(['2.0:y', '2.1:yy', '3.0:zzz', '8.0:w'])
      expect(await logOf(second, { time: 2n, index: 1 })).toEqual(['3.0:zzz', '8.0:w'])
      expect(await second.log.get({ time: 2n, index: 1 })).toMatchObject({ position: { time: 2n, index: 1 } })
      expect(second.log.bytes).toBe(7)
      await second.close()
    })

    test('data has one owner at a time, within a process too', async () => {
      const place = newPlace()
      const first = await open(place)
      await expect(open(place)).rejects.toThrow(StorageFailed)
      await put(first, 'a=1')
      await first.close()
      const second = await open(place)
      expect(await contentNow(second)).toEqual(['a=1'])
      await second.close()
    })

    test('closing waits for the writes that were asked for', async () => {
      const place = newPlace()
      const engine = await open(place)
      const { passed, open: letGo } = gate()
      const writes = [
        put(engine, 'a=1'),
        engine.write(async transaction => {
          await passed
          transaction.put('records', k('b'), (await transaction.get('records', k('a'))) ?? k('nothing'))
        }),
        put(engine, 'c=3'),
      ]
      let closed = false
      const closing = engine.close().then(() => (closed = true))
      await writes[0]
      expect(closed).toBe(false)
      letGo()
      await Promise.all([...writes, closing, engine.close()])
      const again = await open(place)
      expect(await contentNow(again)).toEqual(['a=1', 'b=1', 'c=3'])
      await again.close()
    })

    test('a closed engine refuses everything, and its snapshots with it', async () => {
      const engine = await open(newPlace())
      await append(engine, 'a')
      const snapshot = await engine.snapshot()
      await engine.close()
      await engine.close()
      await expect(put(engine, 'a=1')).rejects.toThrow(StorageFailed)
      await expect(engine.log.truncateBefore(9n)).rejects.toThrow(StorageFailed)
      expect(() => engine.snapshot()).toThrow(StorageFailed)
      expect(() => snapshot.get('records', k('a'))).toThrow(StorageFailed)
      expect(() => engine.log.readAfter(beginning, { bytesMax: 1 })).toThrow(StorageFailed)
      snapshot.close()
    })
  })
}

/** A log of positions is in order and without a doubled entry. */
export function isInOrder(entries: readonly LogEntry[]): boolean {
  return entries.every((entry, index) => {
    const before = entries[index - 1]
    return before === undefined || comparePositions(before.position, entry.position) < 0
  })
}
