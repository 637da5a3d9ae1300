/** A server that is told to stop does so at once, whoever waits and whoever writes, and has lost nothing that it acknowledged. */
import { join } from 'node:path'
import { type Document, Long } from 'bson'
import { beforeAll, expect, test } from 'vitest'
import { ask, message, temporaryFolder, until, Victim, Watch } from './victim.ts'

let folder: string
beforeAll(() => {
  folder = temporaryFolder()
})

/** Inserts documents one after another until the server stops; gives the ids that it acknowledged. */
async function writeOn(victim: Victim, coll: string): Promise<number[]> {
  const client = await victim.connect()
  const acknowledged: number[] = []
  for (let _id = 0; ; _id++) {
    client.send(message({ insert: coll, documents: [{ _id, x: 'x'.repeat(500) }] }))
    const reply = await client.next()
    if (reply === 'closed' || reply.document.ok !== 1) return acknowledged
    acknowledged.push(_id)
  }
}

const running = async (victim: Victim, name: string): Promise<number> => {
  const { inprog } = await ask(await victim.connect(), { currentOp: 1, $db: 'admin' })
  return inprog.filter(({ command }: Document) => command?.[name] !== undefined).length
}

test.each(['SIGTERM', 'SIGINT', 'the command shutdown'])(
  '%s ends a busy server in time, with 0, and nothing is lost',
  async how => {
    const path = join(folder, how.replaceAll(' ', '-'))
    const victim = await Victim.on(path)
    const writers = Array.from({ length: 8 }, (_, number) => writeOn(victim, `c${number}`))
    // Streams that wait, one that is taken by exhaust, a find that was begun, a hello that waits, and somebody who says nothing.
    const waiting = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await victim.connect()
        const watch = await Watch.open(client, 'quiet')
        client.send(message(watch.more(600_000)))
        return client.next()
      }).map(async (_, number) => number),
    )
    expect(waiting.length).toBe(20)
    await until(
      () => running(victim, 'getMore'),
      count => count === 20,
    )
    const hello = await victim.connect()
    const { topologyVersion } = await ask(hello, { hello: 1, $db: 'admin' })
    hello.send(message({ hello: 1, topologyVersion, maxAwaitTimeMS: 600_000, $db: 'admin' }))
    await until(
      () => running(victim, 'hello'),
      count => count === 1,
    )
    await victim.connect()
    const idle = await victim.connect()
    await until(
      async () => Number((await ask(idle, { count: 'c0' })).n),
      count => count > 2,
    )
    const { cursor } = await ask(idle, { find: 'c0', batchSize: 1 })
    expect(Long.isLong(cursor.id)).toBe(true)

    const beganMs = performance.now()
    if (how.startsWith('SIG')) victim.child.kill(how as NodeJS.Signals)
    else expect(await ask(await victim.connect(), { shutdown: 1, $db: 'admin' })).toMatchObject({ ok: 1 })
    expect(await victim.ended).toMatchObject({ code: 0, signal: null })
    // Had anything been waited for, it would have been for five seconds.
    expect(performance.now() - beganMs).toBeLessThan(4500)
    expect(victim.complaints).toEqual([])

    const acknowledged = await Promise.all(writers)
    expect(acknowledged.flat().length).toBeGreaterThan(20)
    const again = await Victim.on(path)
    const client = await again.connect()
    for (const [number, ids] of acknowledged.entries()) {
      const { values } = await ask(client, { distinct: `c${number}`, key: '_id' })
      expect(values.slice(0, ids.length)).toEqual(ids)
      // The last write may have been made and not answered.
      expect(values.length - ids.length).toBeLessThanOrEqual(1)
    }
    expect(await again.stop()).toMatchObject({ code: 0 })
  },
)

test('a signal that comes as soon as the server is there ends it as any other', async () => {
  const path = join(folder, 'early')
  for (let attempt = 0; attempt < 3; attempt++) {
    const victim = await Victim.on(path)
    expect(await victim.stop()).toMatchObject({ code: 0, signal: null })
  }
})

test('a client that takes nothing holds a stop up no longer than five seconds', async () => {
  const path = join(folder, 'stuck')
  const victim = await Victim.on(path)
  const writer = await victim.connect()
  for (let _id = 0; _id < 10; _id++)
    await ask(writer, { insert: 'big', documents: [{ _id, x: Buffer.alloc(1_000_000) }] })
  const stuck = await victim.connect()
  stuck.socket.pause()
  for (let count = 0; count < 5; count++) stuck.socket.write(message({ find: 'big' }))
  await until(
    async () => Number((await ask(writer, { serverStatus: 1 })).network.bytesOut),
    bytes => bytes > 1_000_000,
  )
  const beganMs = performance.now()
  expect(await victim.stop()).toMatchObject({ code: 0, signal: null })
  expect(performance.now() - beganMs).toBeLessThan(7000)
})
