// Fills the disk under the embedded engine so that its journal can still be written to and LMDB's file cannot grow, and says as JSON
// what became of the writes and reads.
//
//   node full-lmdb.mjs <folder>
import { closeSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const path = process.argv[2]
const unhandled = []
process.on('unhandledRejection', error => unhandled.push(String(error)))

const open = () =>
  embedded.open({ path, nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })
const everything = { from: Buffer.alloc(0), to: Buffer.alloc(1, 0xff) }
const limits = { countMax: Infinity, bytesMax: Infinity }

let written = 0
const write = (engine, bytes) =>
  engine
    .write(transaction => {
      transaction.put('records', Buffer.from(`${written}`), Buffer.alloc(bytes, 'x'))
      transaction.append(Buffer.from(`${written}`))
    })
    .then(() => (written += 1))
/** How many records and log entries there are, and the time of the last. */
const look = engine => {
  const snapshot = engine.snapshot()
  const records = snapshot.scan('records', everything, limits).length
  snapshot.close()
  const entries = engine.log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity }).length
  return [records, entries, Number(engine.log.newest.time)]
}

// The journal becomes as long as it needs to be for what comes; its places are free again then.
const first = await open()
for (let count = 0; count < 70; count += 1) await write(first, 20_000)
await first.close()

const ballast = join(path, 'ballast')
const file = openSync(ballast, 'w')
try {
  for (;;) writeSync(file, Buffer.alloc(4096, 'b'))
} catch (error) {
  if (error.code !== 'ENOSPC') throw error
}
closeSync(file)
// Room enough for a small commit, so that it is not the last write that finds the disk full.
truncateSync(ballast, statSync(ballast).size - 600_000)

const engine = await open()
await write(engine, 900_000)
const acknowledged = written
let outcome
while (outcome === undefined) await write(engine, 10).catch(error => (outcome = `${error}`))
const looks = { full: look(engine) }
await engine.close()
const again = await open()
looks.reopened = look(again)
await again.close()
rmSync(ballast)
const roomy = await open()
looks.roomy = look(roomy)
const before = written
await write(roomy, 900_000)
await roomy.close()
const last = await open()
looks.last = look(last)
await last.close()
await new Promise(resolve => setImmediate(resolve))
console.log(JSON.stringify({ acknowledged, before, outcome, looks, unhandled }))
