// Writes once while somebody holds up every call that brings something to the disk, and says as JSON when the value was readable,
// announced and acknowledged.
//
//   strace -f -e trace=pwrite64,fdatasync -e inject=pwrite64,fdatasync:delay_enter=<µs> node slow-sync.mjs <folder>
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const engine = await embedded.open({
  path: process.argv[2],
  nextTime: previous => previous + 1n,
  newDeploymentId: () => new Uint8Array(16),
})
const key = Buffer.from('key')
const begin = performance.now()
const seenMs = {}
const see = what => (seenMs[what] ??= performance.now() - begin)
engine.log.onAppend(() => see('announced'))
const written = engine
  .write(transaction => {
    transaction.put('records', key, key)
    transaction.append(key)
  })
  .then(() => see('acknowledged'))
while (seenMs.acknowledged === undefined) {
  const snapshot = engine.snapshot()
  if (snapshot.get('records', key) !== undefined) see('readable')
  if (snapshot.position.time > 0n || engine.log.newest.time > 0n) see('logged')
  snapshot.close()
  await new Promise(resolve => setTimeout(resolve, 1))
}
await written
const snapshot = engine.snapshot()
if (snapshot.get('records', key) !== undefined) see('readable')
snapshot.close()
await engine.close()
console.log(JSON.stringify(seenMs))
