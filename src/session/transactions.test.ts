/** The bounds of transactions. What is answered is in command/transactions.test.ts. */
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { CommandError } from '../base/errors.ts'
import { insert, openStore } from '../collection/store.suite.ts'
import { Transactions, type TransactionLimits } from './transactions.ts'

async function open(limits: Partial<TransactionLimits>) {
  const store = { ...(await openStore()), env: new ManualEnv() }
  return { store, transactions: new Transactions(store, limits) }
}

const id = (session: number) => ({ lsid: new Uint8Array(16).fill(session), txnNumber: 1n })
const coded = (codeName: string) => expect.objectContaining({ codeName })
const document = (bytes: number) => ({ text: 'x'.repeat(bytes) })

test('too many at once are refused; one that is over makes room', async () => {
  const { transactions, store } = await open({ countMax: 2 })
  const first = await transactions.begin(id(1))
  await transactions.begin(id(2))
  await expect(transactions.begin(id(3))).rejects.toEqual(coded('ResourceExhausted'))
  first.abort()
  await transactions.begin(id(3))
  expect(transactions.openCount).toBe(2)
  transactions.close()
  expect([transactions.openCount, store.env.timerCount]).toEqual([0, 0])
})

test('one that becomes too large is refused and aborted', async () => {
  const { transactions } = await open({ bytesMax: 10_000 })
  const own = await transactions.begin(id(1))
  await own.run(store => insert(store, [document(2000)]))
  await expect(own.run(store => insert(store, [document(8000)]))).rejects.toEqual(coded('TransactionTooLarge'))
  await expect(own.commit()).rejects.toEqual(coded('NoSuchTransaction'))
})

test('all together are bounded too: the one that would pass the bound may try again', async () => {
  const { transactions } = await open({ allBytesMax: 10_000 })
  const [first, second] = [await transactions.begin(id(1)), await transactions.begin(id(2))]
  const other = { namespace: { db: 'd', coll: 'other' } }
  await first.run(store =>
    store.engine.write(transaction => transaction.put('meta', Buffer.from('a'), Buffer.alloc(8000))),
  )
  await expect(second.run(store => insert(store, [document(1500)], other))).rejects.toEqual(coded('WriteConflict'))
  first.abort()
  const third = await transactions.begin(id(3))
  await third.run(store => insert(store, [document(1500)], other))
  await third.commit()
})

test('a command that works when it is aborted is told why', async () => {
  const { transactions } = await open({})
  const own = await transactions.begin(id(1))
  const run = own.run(async store => {
    own.abort(() => new CommandError('TransactionExceededLifetimeLimitSeconds', 'too old'))
    await insert(store, [{ _id: 1 }])
  })
  await expect(run).rejects.toEqual(coded('TransactionExceededLifetimeLimitSeconds'))
  await expect(own.run(() => undefined)).rejects.toEqual(coded('NoSuchTransaction'))
})

test('what begins when another is begun for the session is one of both', async () => {
  const { transactions } = await open({})
  const begun = await Promise.allSettled([transactions.begin(id(1)), transactions.begin(id(1))])
  expect(begun.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  expect(transactions.openCount).toBe(1)
})

test('after a restart the record of the session answers for what was committed, and for nothing else', async () => {
  const { transactions, store } = await open({})
  const own = await transactions.begin(id(1))
  await own.run(inside => insert(inside, [{ _id: 1 }]))
  await own.commit()
  const later = new Transactions(store)
  await later.commit(id(1))
  await expect(later.find(id(1))).rejects.toEqual(coded('TransactionCommitted'))
  await expect(later.begin(id(1))).rejects.toEqual(coded('ConflictingOperationInProgress'))
  await expect(later.commit({ ...id(1), txnNumber: 2n })).rejects.toEqual(coded('NoSuchTransaction'))
  await expect(later.commit({ ...id(1), txnNumber: 0n })).rejects.toEqual(coded('TransactionTooOld'))
  await expect(later.commit(id(2))).rejects.toEqual(coded('NoSuchTransaction'))
})
