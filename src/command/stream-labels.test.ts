/** Which codes make a driver resume its change stream, all of them, as they come out of a getMore. */
import type { Document } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

let services: TestServices
let id: unknown
beforeAll(async () => {
  services = await openServices()
  const { cursor } = await send({ aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {}, $db: 'd' })
  id = cursor.id
})
afterAll(() => services.close())

const send = (command: Document): Promise<Document> => ask(dispatch, services, command)

/** What a getMore on the stream answers while it is made to fail once. */
async function failing(configureFailPoint: string, data: Document): Promise<Document> {
  await send({ configureFailPoint, mode: { times: 1 }, data })
  return send({ getMore: id, collection: 'c', $db: 'd', maxTimeMS: 0 })
}

// The classes RetriableError, NetworkError and NeedRetargetting, and two more.
const resumable = [
  ...[6, 7, 89, 91, 133, 134, 150, 189, 234, 262, 358, 402, 406, 407, 9001, 10107, 11600, 11602, 13388, 13435, 13436],
  ...[50915, 91331],
]
const notResumable = [1, 2, 8, 9, 13, 43, 47, 50, 63, 96, 216, 237, 260, 279, 280, 286, 10334, 11601, 40324, 50736]

test.each(resumable)('%i is resumable', async errorCode => {
  const reply = await failing('failGetMoreAfterCursorCheckout', { errorCode })
  expect(reply).toMatchObject({ code: errorCode, errorLabels: ['ResumableChangeStreamError'] })
})

test.each(notResumable)('%i is not resumable', async errorCode => {
  const { code, errorLabels } = await failing('failGetMoreAfterCursorCheckout', { errorCode })
  expect(code).toBe(errorCode)
  const isFatal = errorCode === 280 || errorCode === 286
  expect(errorLabels).toEqual(isFatal ? ['NonResumableChangeStreamError'] : undefined)
})

test('what fails before the cursor was looked for is of no stream', async () => {
  const reply = await failing('failCommand', { failCommands: ['getMore'], errorCode: 6 })
  expect(reply).toMatchObject({ code: 6 })
  expect(reply.errorLabels).toBeUndefined()
  for (const errorCode of [280, 286]) {
    const fatal = await failing('failCommand', { failCommands: ['getMore'], errorCode })
    expect(fatal.errorLabels).toEqual(['NonResumableChangeStreamError'])
  }
})
