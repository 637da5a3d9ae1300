/** What writer.mjs leaves, and whether it is whole. */
import { expect } from 'vitest'
import type { OpenedEngine } from '../../src/storage/engine.ts'
import { engine as embedded } from '../../src/storage/engines/embedded.ts'

const open = (path: string): Promise<OpenedEngine> =>
  embedded.open({ path, nextTime: previous => previous + 3n, newDeploymentId: () => new Uint8Array(16) })

/** What writer.mjs has made of the records after `count` writes. */
function recordsAfter(count: number, size: number): Map<string, string> {
  const records = new Map<string, string>()
  for (let number = 1; number <= count; number += 1) {
    if (number % 7 === 0) records.delete(`${number % 50}`)
    else records.set(`${number % 50}`, Buffer.alloc(((number * 37) % 3000) * size, `${number}.`).toString())
  }
  return records
}

/** Opens what a killed writer left and checks it. Resolves with the number of writes in it. */
export async function check(path: string, size = 1): Promise<number> {
  const engine = await open(path)
  const snapshot = await engine.snapshot()
  const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
  const count = Number(text(await snapshot.get('meta', Buffer.from('count'))))
  const range = { from: Buffer.alloc(0), to: Buffer.alloc(1, 0xff) }
  const found = await snapshot.scan('records', range, { countMax: Infinity, bytesMax: Infinity })
  const expected = recordsAfter(count, size)
  expect(found.length).toBe(expected.size)
  for (const { key, value } of found) expect(text(value) === expected.get(text(key))).toBe(true)

  const entries = await engine.log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity })
  const { oldest, newest } = engine.log
  expect(snapshot.position).toEqual(newest)
  expect(newest.time).toBe(BigInt(count) * 3n)
  let expectedPosition = oldest
  for (const { position, bytes } of entries) {
    expect(position).toEqual(expectedPosition)
    const number = Number(text(bytes))
    expect(position.time).toBe(BigInt(number) * 3n)
    const isLast = position.index === number % 3
    expectedPosition = isLast
      ? { time: position.time + 3n, index: 0 }
      : { time: position.time, index: position.index + 1 }
  }
  expect(entries.at(-1)?.position ?? { time: 0n, index: 0 }).toEqual(newest)
  expect(engine.log.bytes).toBe(entries.reduce((sum, { bytes }) => sum + bytes.length, 0))
  snapshot.close()
  await engine.close()
  return count
}
