// Writes twice while somebody holds up every call that brings something to the disk, and says as JSON when each was readable, logged,
// announced and acknowledged: the second write is made while a checkpoint stores the first.
//
//   strace -f -e trace=pwrite64,fdatasync -e inject=pwrite64,fdatasync:delay_enter=<µs> node slow-sync.mjs <folder>
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const engine = await embedded.open({
  path: process.argv[2],
  nextTime: previous => previous + 1n,
  newDeploymentId: () => new Uint8Array(16),
})
const turn = () => new Promise(resolve => setTimeout(resolve, 1))

/** Writes what makes the log's newest time `time`. */
async function write(time) {
  const key = Buffer.from(`${time}`)
  const begin = performance.now()
  const seenMs = {}
  const see = what => (seenMs[what] ??= performance.now() - begin)
  const look = () => {
    const snapshot = engine.snapshot()
    if (snapshot.get('records', key) !== undefined) see('readable')
    if (snapshot.position.time === time || engine.log.newest.time === time) see('logged')
    snapshot.close()
  }
  const stop = engine.log.onAppend(() => see('announced'))
  const written = engine
    .write(transaction => {
      transaction.put('records', key, key)
      transaction.append(key)
    })
    .then(() => see('acknowledged'))
  while (seenMs.acknowledged === undefined) {
    look()
    await turn()
  }
  await written
  look()
  stop()
  return seenMs
}

const first = await write(1n)
const acknowledgedAt = performance.now()
while (performance.now() - acknowledgedAt < 60) await turn()
const second = await write(2n)
await engine.close()
console.log(JSON.stringify([first, second]))
