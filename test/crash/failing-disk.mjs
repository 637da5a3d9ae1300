// Writes to the embedded engine until a write fails, and says as JSON what became of the writes and reads.
//
//   strace -f -e inject=<call>:error=EIO:when=<n>+ node failing-disk.mjs <folder>
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const unhandled = []
process.on('unhandledRejection', error => unhandled.push(String(error)))
const engine = await embedded.open({
  path: process.argv[2],
  nextTime: previous => previous + 3n,
  newDeploymentId: () => new Uint8Array(16),
})
const key = text => Buffer.from(text)
const write = number =>
  engine.write(transaction => {
    transaction.put('meta', key('count'), key(`${number}`))
    if (number % 7 === 0) transaction.delete('records', key(`${number % 50}`))
    else transaction.put('records', key(`${number % 50}`), Buffer.alloc((number * 37) % 3000, `${number}.`))
    for (let index = 0; index <= number % 3; index += 1) transaction.append(key(`${number}`))
  })

let acknowledged = 0
let outcome
while (outcome === undefined) {
  await write(acknowledged + 1).then(
    () => (acknowledged += 1),
    error => (outcome = `${error}`),
  )
}
const later = await write(acknowledged + 1).catch(error => `${error}`)
const snapshot = engine.snapshot()
const readable = Number(Buffer.from(snapshot.get('meta', key('count')) ?? '0').toString())
const { time } = engine.log.newest
snapshot.close()
await engine.close()
await new Promise(resolve => setImmediate(resolve))
console.log(JSON.stringify({ acknowledged, outcome, later, readable, logged: Number(time) / 3, unhandled }))
