/** What ends a getMore while it waits for an event. */
import type { Document } from 'bson'
import { afterEach, expect, test } from 'vitest'
import { ManualEnv } from '../../../test/manual-env.ts'
import { ask, openServices, type TestServices } from '../../../test/services.ts'
import { CommandError } from '../../base/errors.ts'
import { dispatch } from '../dispatch.ts'

let services: TestServices

afterEach(() => services.close())

/** A getMore on a new change stream that has nothing to give, and the number of its cursor. */
async function waitingGetMore(): Promise<{ id: unknown; reply: Promise<Document> }> {
  const env = new ManualEnv()
  services = await openServices(env)
  const { cursor } = await ask(dispatch, services, {
    aggregate: 'c',
    pipeline: [{ $changeStream: {} }],
    cursor: {},
    $db: 'd',
  })
  const reply = ask(dispatch, services, { getMore: cursor.id, collection: 'c', $db: 'd' })
  while (![...services.operations.running].some(({ awaitsNews }) => awaitsNews)) await env.yieldTurn()
  return { id: cursor.id, reply }
}

test('a getMore whose cursor is killed while it waits says that it was interrupted', async () => {
  const { id, reply } = await waitingGetMore()
  await ask(dispatch, services, { killCursors: 'c', cursors: [id], $db: 'd' })
  expect(await reply).toMatchObject({
    codeName: 'CursorKilled',
    errmsg: expect.stringMatching(/^operation was interrupted/),
  })
})

test('a stream that waits when the server stops gets an error after which its driver resumes it', async () => {
  const { reply } = await waitingGetMore()
  services.operations.interruptWaiting(new CommandError('InterruptedAtShutdown', 'interrupted at shutdown'))
  services.cursors.closeAll()
  expect(await reply).toMatchObject({ code: 11600, errorLabels: ['ResumableChangeStreamError'] })
})
