/** Many at once: connections, streams, and one that does not read. The large numbers are in the report of whoever ran them last. */
import { readFileSync } from 'node:fs'
import type { Document } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, message, temporaryFolder, until, Victim, Watch } from './victim.ts'

let victim: Victim
beforeAll(async () => {
  victim = await Victim.on(temporaryFolder())
})
afterAll(async () => {
  expect(await victim.stop()).toMatchObject({ code: 0 })
  expect(victim.complaints).toEqual([])
})

/** Resident memory of the server, in MB; undefined where the system does not tell. */
function residentMb(): number | undefined {
  try {
    const status = readFileSync(`/proc/${victim.child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
  } catch {
    return undefined
  }
}

const currentCount = async (): Promise<number> =>
  (await ask(await victim.connect(), { serverStatus: 1 })).connections.current

test('a thousand connections are all served, and cost little', async () => {
  const before = residentMb()
  const crowd = await Promise.all(Array.from({ length: 1000 }, () => victim.connect()))
  const replies = await Promise.all(crowd.map(client => ask(client, { ping: 1 })))
  expect(replies.filter(({ ok }) => ok === 1).length).toBe(1000)
  expect(await currentCount()).toBeGreaterThan(1000)
  const after = residentMb()
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(100)
  for (const client of crowd) client.socket.destroy()
  await until(currentCount, count => count < 100)
})

const idsOf = (events: readonly Document[]): unknown[] => events.map(event => event.fullDocument._id)

test('two hundred streams get each of two hundred inserts, once and in order', async () => {
  const watches = await Promise.all(
    Array.from({ length: 200 }, async () => Watch.open(await victim.connect(), 'watched')),
  )
  const taken = Promise.all(watches.map(watch => watch.take(200)))
  const writer = await victim.connect()
  for (let _id = 0; _id < 200; _id++)
    expect(await ask(writer, { insert: 'watched', documents: [{ _id }] })).toMatchObject({ n: 1 })
  const expected = Array.from({ length: 200 }, (_, _id) => _id)
  for (const events of await taken) expect(idsOf(events)).toEqual(expected)
})

test('a stream that nobody reads keeps its place and not its events', async () => {
  const count = 20_000
  const slow = await Watch.open(await victim.connect(), 'piled')
  const writer = await victim.connect()
  // Live before anything is written: what is read from the log later would prove nothing.
  expect(await ask(writer, { insert: 'piled', documents: [{ _id: -1 }] })).toMatchObject({ n: 1 })
  expect(idsOf(await slow.take(1))).toEqual([-1])
  const before = residentMb()
  const x = 'x'.repeat(1000)
  for (let from = 0; from < count; from += 500) {
    writer.send(
      message({ insert: 'piled', documents: Array.from({ length: 500 }, (_, at) => ({ _id: from + at, x })) }),
    )
  }
  for (let from = 0; from < count; from += 500) expect(await writer.document()).toMatchObject({ ok: 1, n: 500 })
  const after = residentMb()
  // What the server keeps of its log for everybody, LMDB's pages, and four megabytes.
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(350)
  expect(idsOf(await slow.take(count))).toEqual(Array.from({ length: count }, (_, _id) => _id))
})
