/** The log tells the whole state: applying its entries gives what the live writes made. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { updateFirst } from './modify.ts'
import { copiedState, documentOf, OplogApplier } from './oplog-applier.suite.ts'
import { everything } from './read.ts'
import { runSteps, step } from './steps.suite.ts'
import { entriesOf, indexContents, insert, openStore, replay, stateOf, updateStatement } from './store.suite.ts'
import { systemNamespace as oplog } from './system-namespaces/oplog.ts'

const steps = fc.array(step, { maxLength: 25 })

test('applying the log to nothing gives the state that the live writes made, and unique indexes hold just the documents', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async history => {
      const live = await openStore()
      await runSteps(live, history)
      const copy = await replay(live)
      expect(await stateOf(copy)).toEqual(await stateOf(live))
      const { expected, found } = await indexContents(live)
      expect(found).toEqual(expected)
      await Promise.all([live.engine.close(), copy.engine.close()])
    }),
    { numRuns: 200 },
  )
})

test('a tool that follows local.oplog.rs and knows nothing but its format has the same documents', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.boolean()), async (history, reads) => {
      const live = await openStore()
      const nextDocument = oplog.follow?.(live, everything.filter) ?? (async () => undefined)
      const tool = new OplogApplier()
      const readOn = async () => {
        for (let document = await nextDocument(); document !== undefined; document = await nextDocument()) {
          tool.apply(documentOf(document))
        }
      }
      for (const [index, next] of history.entries()) {
        await runSteps(live, [next])
        if (reads[index] === true) await readOn()
      }
      await readOn()
      expect(tool.state).toEqual(await copiedState(live))
      await live.engine.close()
    }),
    { numRuns: 150 },
  )
})

test('the same retryable history run twice is applied once', async () => {
  const own = { lsid: new Uint8Array(16), txnNumber: 1n }
  const store = await openStore()
  await insert(store, [{ _id: 1, n: 0 }])
  const increment = updateStatement({ $inc: { n: 1 } }, { filter: { n: { $gte: 0 } }, retryable: own })
  const first = await updateFirst(store, increment)
  const second = await updateFirst(store, increment)
  expect([first.isRetried, second.isRetried]).toEqual([false, true])
  expect(second.modifiedCount).toBe(1)
  expect((await entriesOf(store)).filter(({ op }) => op === 'u')).toHaveLength(1)
})
