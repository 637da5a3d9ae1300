/** "Resume a change stream": resumeAfter, startAfter, startAtOperationTime, and the token that moves by itself. */
import { Long, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { type Place, useGuide } from './guide.ts'

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  /** Inserts documents with these numbers, one after another. */
  async function insert({ restaurants }: Place, ...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await restaurants.insertOne({ number })
  }

  const numbersOf = (events: readonly Record<string, unknown>[]) =>
    events.map(({ fullDocument }) => (fullDocument as { number: number }).number)

  test.each(['resumeAfter', 'startAfter'] as const)(
    '%s goes on behind the token, whatever came since',
    async option => {
      const place = await guide.place([])
      const { restaurants } = place
      const first = await guide.watch(restaurants.watch())
      await insert(place, 1, 2, 3)
      const [, second] = await first.take(3)
      await insert(place, 4)
      const resumed = await guide.watch(restaurants.watch([], { [option]: second?.['_id'] }))
      expect(numbersOf(await resumed.take(2))).toEqual([3, 4])
    },
  )

  test('any event of a bulk insert can be resumed after, though they share a clusterTime', async () => {
    const { restaurants } = await guide.place([{ number: 0 }])
    const first = await guide.watch(restaurants.watch())
    await restaurants.insertMany([1, 2, 3, 4, 5].map(number => ({ number })))
    const events = await first.take(5)
    for (const { _id, fullDocument } of events.slice(0, -1)) {
      const resumed = await guide.watch(restaurants.watch([], { resumeAfter: _id }))
      expect(numbersOf([await resumed.next()])).toEqual([fullDocument.number + 1])
    }
  })

  test('a token of a wider stream resumes a narrower one, and the other way round', async () => {
    const place = await guide.place([])
    const { restaurants, db } = place
    const ofClient = await guide.watch(guide.client.watch())
    await insert(place, 1, 2, 3)
    const [one] = await ofClient.take(3)
    const ofCollection = await guide.watch(restaurants.watch([], { resumeAfter: one?.['_id'] }))
    const two = await ofCollection.next()
    const ofDatabase = await guide.watch(db.watch([], { resumeAfter: two['_id'] }))
    expect(numbersOf([two, await ofDatabase.next()])).toEqual([2, 3])
  })

  test('startAtOperationTime begins with the first change at that time', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    const first = await guide.watch(restaurants.watch())
    await insert(place, 1, 2, 3)
    const [, second] = await first.take(3)
    const at = second?.['clusterTime'] as Timestamp
    const inclusive = await guide.watch(restaurants.watch([], { startAtOperationTime: at }))
    expect(numbersOf(await inclusive.take(2))).toEqual([2, 3])
    const behind = new Timestamp(Long.fromBits(at.low, at.high, true).add(1))
    const exclusive = await guide.watch(restaurants.watch([], { startAtOperationTime: behind }))
    expect(numbersOf([await exclusive.next()])).toEqual([3])
  })

  test('the operationTime of a session is a place to start at', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    await insert(place, 1)
    const session = guide.client.startSession()
    await restaurants.insertOne({ number: 2 }, { session })
    const at = session.operationTime
    await session.endSession()
    await insert(place, 3)
    if (at === undefined) return expect.fail('the session has no operationTime')
    const stream = await guide.watch(restaurants.watch([], { startAtOperationTime: at }))
    expect(numbersOf(await stream.take(2))).toEqual([2, 3])
  })

  test('a time in the future is waited for', async () => {
    const { restaurants } = await guide.place([{ number: 0 }])
    const stream = restaurants.watch([], {
      startAtOperationTime: new Timestamp({ t: Math.floor(Date.now() / 1000) + 3600, i: 1 }),
      maxAwaitTimeMS: 10,
    })
    expect(await stream.tryNext()).toBeNull()
    await restaurants.insertOne({ number: 1 })
    expect(await stream.tryNext()).toBeNull()
    await stream.close()
  })

  test('the three ways to start exclude each other', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    const first = await guide.watch(restaurants.watch())
    await insert(place, 1)
    const { _id: token, clusterTime: startAtOperationTime } = await first.next()
    const opening = (options: object) => guide.watch(restaurants.watch([], options))
    await expect(opening({ resumeAfter: token, startAfter: token })).rejects.toMatchObject({ code: 50865 })
    await expect(opening({ resumeAfter: token, startAtOperationTime })).rejects.toMatchObject({ code: 40674 })
    await expect(opening({ startAfter: token, startAtOperationTime })).rejects.toMatchObject({ code: 40674 })
  })

  test('resumeAfter is refused for an invalidate, and startAfter begins anew behind it', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    await insert(place, 1)
    const first = await guide.watch(restaurants.watch())
    await restaurants.drop()
    const [drop, invalidate] = await first.take(2)
    expect([drop?.['operationType'], invalidate?.['operationType']]).toEqual(['drop', 'invalidate'])
    await expect(first.next()).rejects.toThrow('ChangeStream is closed')
    await insert(place, 2)

    const token = invalidate?.['_id']
    await expect(guide.watch(restaurants.watch([], { resumeAfter: token }))).rejects.toMatchObject({
      code: 260,
      codeName: 'InvalidResumeToken',
    })
    const anew = await guide.watch(restaurants.watch([], { startAfter: token }))
    expect(numbersOf([await anew.next()])).toEqual([2])
    await restaurants.drop()
    expect((await anew.take(2)).map(({ operationType }) => operationType)).toEqual(['drop', 'invalidate'])
  })

  test('a stream that is resumed after the drop itself is told of the invalidate, and ends', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    await insert(place, 1)
    const first = await guide.watch(restaurants.watch())
    await restaurants.drop()
    const drop = await first.next()
    const resumed = await guide.watch(restaurants.watch([], { resumeAfter: drop['_id'] }))
    expect(await resumed.next()).toMatchObject({ operationType: 'invalidate' })
    await expect(resumed.next()).rejects.toThrow('ChangeStream is closed')
  })

  test.each([
    [40647, { _data: 5 }],
    [9, { _data: 'not hexadecimal' }],
    [40649, { _data: '' }],
  ])('a token that is none is refused with %i: %j', async (code, resumeAfter) => {
    const { restaurants } = await guide.place([])
    await expect(guide.watch(restaurants.watch([], { resumeAfter }))).rejects.toMatchObject({ code })
  })

  test('a token whose event never was in this deployment is error 280', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    const first = await guide.watch(restaurants.watch())
    await insert(place, 1, 2)
    const { _id } = await first.next()
    const elsewhere = { _data: _id._data.replace(/5A1004[0-9A-F]{32}/, `5A1004${'AB'.repeat(16)}`) }
    await expect(guide.watch(restaurants.watch([], { resumeAfter: elsewhere }))).rejects.toMatchObject({
      code: 280,
      errorLabels: ['NonResumableChangeStreamError'],
    })
  })

  test('the token of a stream that matches nothing moves on, and can be resumed from', async () => {
    const place = await guide.place([])
    const { restaurants, db } = place
    const stream = restaurants.watch([{ $match: { operationType: 'delete' } }], { maxAwaitTimeMS: 10 })
    const tokens: string[] = []
    stream.on('resumeTokenChanged', (token: { _data: string }) => tokens.push(token._data))
    expect(await stream.tryNext()).toBeNull()
    for (const number of [1, 2, 3]) {
      await insert(place, number)
      const session = guide.client.startSession()
      await db.collection('pubs').insertOne({ number }, { session })
      const time = session.operationTime
      await session.endSession()
      // Each empty reply may tell of a later time; one that the stream has not seen yet comes with one of the next.
      for (let replies = 0; replies < 100 && timeOf(tokens.at(-1)) < hexOf(time); replies++) {
        expect(await stream.tryNext()).toBeNull()
      }
      expect(timeOf(tokens.at(-1))).toBe(hexOf(time))
    }
    expect(tokens.toSorted()).toEqual(tokens)
    const last = tokens.at(-1) ?? ''
    // A high-water mark: a time, and no event.
    expect(last).toMatch(/^82[0-9A-F]{16}2B0429296E1404$/)
    await insert(place, 4)
    const resumed = await guide.watch(restaurants.watch([], { resumeAfter: { _data: last } }))
    expect(numbersOf([await resumed.next()])).toEqual([4])
    await stream.close()
  })

  test('every reply has a postBatchResumeToken, and none is before the last', async () => {
    const place = await guide.place([])
    const { restaurants } = place
    const commands = guide.observe('aggregate', 'getMore')
    const stream = await guide.watch(restaurants.watch([], { maxAwaitTimeMS: 10 }))
    await insert(place, 1, 2)
    await stream.take(2)
    await place.db.collection('pubs').insertOne({})
    await insert(place, 3)
    await stream.next()
    const tokens = commands.succeeded.map(
      ({ reply }) => (reply as { cursor: CursorOfReply }).cursor.postBatchResumeToken,
    )
    expect(tokens.length).toBeGreaterThanOrEqual(3)
    const texts = tokens.map(({ _data }) => _data)
    expect(texts.toSorted()).toEqual(texts)
  })
})

interface CursorOfReply {
  readonly postBatchResumeToken: { readonly _data: string }
}

/** The clusterTime in a token, as hexadecimal digits. */
const timeOf = (token = ''): string => token.slice(2, 18)

const hexOf = (time: Timestamp | undefined): string => {
  const digits = (half: number) => (half >>> 0).toString(16).padStart(8, '0').toUpperCase()
  return time === undefined ? '' : digits(time.high) + digits(time.low)
}
