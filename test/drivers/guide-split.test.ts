/** "Split large change events": what no reply can carry comes in fragments, if the pipeline ends so. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const split = [{ $changeStreamSplitLargeEvent: {} }]
const images = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  /** A menu of ten million letters; the event of an update with both images is larger than any document may be. */
  async function placeWithLargeMenu() {
    const { db, restaurants } = await guide.place([])
    await db.createCollection('restaurants', { changeStreamPreAndPostImages: { enabled: true } })
    await restaurants.insertOne({ _id: 1, menu: 'x'.repeat(10_000_000), visits: 0 } as Document)
    return restaurants
  }

  test('the fragments of one event have all of its fields, and each can be resumed behind', async () => {
    const restaurants = await placeWithLargeMenu()
    const stream = await guide.watch(restaurants.watch(split, images))
    await restaurants.updateOne({}, { $inc: { visits: 1 } })
    await restaurants.insertOne({ name: 'Small' })
    const [first, second, small] = await stream.take(3)
    expect([first?.['splitEvent'], second?.['splitEvent']]).toEqual([
      { fragment: 1, of: 2 },
      { fragment: 2, of: 2 },
    ])
    const { _id, splitEvent: _splitEvent, ...whole } = { ...first, ...second }
    expect(Object.keys(whole).toSorted()).toEqual(
      [
        'operationType',
        'clusterTime',
        'wallTime',
        'fullDocument',
        'ns',
        'documentKey',
        'updateDescription',
        'fullDocumentBeforeChange',
      ].toSorted(),
    )
    expect(whole).toMatchObject({ fullDocument: { visits: 1 }, fullDocumentBeforeChange: { visits: 0 } })
    expect(small).not.toHaveProperty('splitEvent')
    const resumed = await guide.watch(restaurants.watch(split, { ...images, resumeAfter: first?.['_id'] }))
    expect(await resumed.take(2)).toEqual([second, small])
  })

  test('without the stage such an event is an error, and the stream can be resumed behind with it', async () => {
    const restaurants = await placeWithLargeMenu()
    const stream = await guide.watch(restaurants.watch([], images))
    const { token } = stream
    await restaurants.updateOne({}, { $inc: { visits: 1 } })
    await expect(stream.next()).rejects.toMatchObject({ code: 10334, codeName: 'BSONObjectTooLarge' })
    const again = await guide.watch(restaurants.watch(split, { ...images, resumeAfter: token }))
    expect(await again.next()).toMatchObject({ splitEvent: { fragment: 1, of: 2 } })
  })
})
