import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { maintenanceMs } from '../base/limits.ts'
import { openMemory } from '../storage/engines/memory.ts'
import { createCollection } from './ddl.ts'
import { Maintenance } from './maintenance.ts'
import { insert, things } from './store.suite.ts'
import { makeStore, withSnapshot } from './store.ts'

async function open() {
  const env = new ManualEnv()
  const engine = await openMemory({ nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })
  const store = makeStore(env, engine, { retention: { bytesMax: 0, hoursMin: 0 } })
  const maintenance = new Maintenance(store, {
    onFailure: error => {
      throw error
    },
  })
  return { env, engine, store, maintenance }
}

test('drops that come all the time do not keep the log from being cut', async () => {
  const { env, engine, store, maintenance } = await open()
  await maintenance.start()
  await env.advance(0)
  for (let _id = 0; _id < 4; _id++) {
    await insert(store, [{ _id }])
    maintenance.poke()
    await env.advance(maintenanceMs / 3)
  }
  expect(engine.log.oldest.time).toBeGreaterThan(1n)
  await maintenance.close()
  expect(env.timerCount).toBe(0)
  await engine.close()
})

test('what a crash left unfinished is gone before anybody can begin the like', async () => {
  const { engine, store, maintenance } = await open()
  await createCollection(store, things, { temp: true })
  await maintenance.start()
  expect(await withSnapshot(store, snapshot => store.catalog.list(snapshot))).toEqual([])
  await maintenance.close()
  await engine.close()
})
