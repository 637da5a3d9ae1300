// Fills the disk under the embedded engine, and says as JSON what became of the writes and reads.
//
//   node full-disk.mjs <folder>
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const unhandled = []
process.on('unhandledRejection', error => unhandled.push(String(error)))

const open = () =>
  embedded.open({
    path: process.argv[2],
    nextTime: previous => previous + 1n,
    newDeploymentId: () => new Uint8Array(16),
  })
const everything = { from: Buffer.alloc(0), to: Buffer.alloc(1, 0xff) }
const count = engine => {
  const snapshot = engine.snapshot()
  const { length } = snapshot.scan('records', everything, { countMax: Infinity, bytesMax: Infinity })
  snapshot.close()
  return length
}

const engine = await open()
let written = 0
const write = number =>
  engine.write(transaction => {
    transaction.put('records', Buffer.from(`${number}`), Buffer.alloc(20_000, 'x'))
    transaction.append(Buffer.from(`${number}`))
  })
const outcomes = []
while (outcomes.length === 0) {
  const round = await Promise.allSettled([write(written), write(written + 1), write(written + 2)])
  outcomes.push(...round.filter(({ status }) => status === 'rejected').map(({ reason }) => `${reason}`))
  written += round.length - outcomes.length
}
const later = await write(written).then(
  () => 'written',
  error => `${error}`,
)
const readable = count(engine)
const { newest } = engine.log
await engine.close()
const again = await open()
const reopened = count(again)
const reopenedNewest = again.log.newest
await again.close()
await new Promise(resolve => setImmediate(resolve))
const result = {
  written,
  outcomes,
  later,
  readable,
  reopened,
  newest: `${newest.time}`,
  reopenedNewest: `${reopenedNewest.time}`,
  unhandled,
}
console.log(JSON.stringify(result))
