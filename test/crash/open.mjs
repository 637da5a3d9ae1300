// Opens what a killed process left, says the time of the last log entry, and closes it.
//
//   node open.mjs <folder>
import { writeSync } from 'node:fs'
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const engine = await embedded.open({
  path: process.argv[2],
  nextTime: previous => previous + 3n,
  newDeploymentId: () => new Uint8Array(16),
})
writeSync(1, `newest ${engine.log.newest.time}\n`)
await engine.close()
