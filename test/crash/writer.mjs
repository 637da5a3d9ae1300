// Writes to the embedded engine until it is killed or has written so often, and says what was acknowledged: one number a line, 0 before it opens.
//
//   node writer.mjs <folder> <writers> <size> [<count>]
//
// Write n changes the records and the log by rules that engine.test.ts knows too, so n says what everything must look like.
import { writeSync } from 'node:fs'
import { engine as embedded } from '../../dist/storage/engines/embedded.js'

const [path, writers, size, count = 'Infinity'] = process.argv.slice(2)
const key = text => Buffer.from(text)

writeSync(1, '0\n')
const engine = await embedded.open({
  path,
  nextTime: previous => previous + 3n,
  newDeploymentId: () => new Uint8Array(16),
})

function write() {
  return engine.write(transaction => {
    const number = Number(Buffer.from(transaction.get('meta', key('count')) ?? '0').toString()) + 1
    transaction.put('meta', key('count'), key(`${number}`))
    const record = key(`${number % 50}`)
    if (number % 7 === 0) transaction.delete('records', record)
    else transaction.put('records', record, Buffer.alloc(((number * 37) % 3000) * Number(size), `${number}.`))
    for (let index = 0; index <= number % 3; index += 1) transaction.append(key(`${number}`))
    return number
  })
}

async function writeOn() {
  for (let result = 0; result < Number(count);) {
    ;({ result } = await write())
    writeSync(1, `${result}\n`)
    if (result % 500 === 0) void engine.log.truncateBefore(engine.log.newest.time - 900n)
  }
}

await Promise.all(Array.from({ length: Number(writers) }, writeOn))
await engine.close()
