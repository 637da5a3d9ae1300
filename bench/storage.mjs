// Storage engines, measured: durable writes, gets, scans and snapshots, next to a bare append + fdatasync on the same disk.
//
//   npm run build && node bench/storage.mjs [folder] [seconds for each figure]
//
// A write puts a record of 540 bytes and appends a log entry of 540 bytes; it counts when it is durable. The folder is where the
// data goes: measure on the disk you mean.
import { fdatasync, mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engine as embedded } from '../dist/storage/engines/embedded.js'
import { engine as memory } from '../dist/storage/engines/memory.js'

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'tailrace-bench-'))
const runMs = Number(process.argv[3] ?? 1.5) * 1000
const record = Buffer.alloc(540, 'record')

const show = (what, { perSecond, latenciesMs }) => {
  const at = share => latenciesMs.sort((a, b) => a - b)[Math.floor(latenciesMs.length * share)].toFixed(2)
  const latency = latenciesMs ? `   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms` : ''
  console.log(`${what.padEnd(52)} ${String(Math.round(perSecond)).padStart(9)} /s${latency}`)
}

/** Runs `step` in `count` endless loops at once. */
async function measure(count, step) {
  const latenciesMs = []
  const begin = performance.now()
  const end = begin + runMs
  const loop = async () => {
    while (performance.now() < end) {
      const before = performance.now()
      await step()
      latenciesMs.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: count }, loop))
  return { perSecond: (latenciesMs.length / (performance.now() - begin)) * 1000, latenciesMs }
}

async function bareLimit(bytes) {
  const path = join(folder, 'bare')
  const file = openSync(path, 'w')
  const chunk = Buffer.alloc(bytes, 'x')
  const result = await measure(
    1,
    () =>
      new Promise((resolve, reject) => {
        writeSync(file, chunk)
        fdatasync(file, error => (error ? reject(error) : resolve()))
      }),
  )
  closeSync(file)
  rmSync(path)
  return result
}

const options = path => ({ path, nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })

function keyOf(number, random) {
  const key = Buffer.alloc(20, 'records-')
  key.writeUInt32BE(random ? (Math.imul(number, 2654435761) ^ 0x5bd1e995) >>> 0 : 0, 8)
  key.writeUInt32BE(number, 16)
  return key
}

async function benchEngine(kind) {
  for (const random of [false, true]) {
    for (const writers of [1, 16, 64]) {
      const engine = await kind.open(options(join(folder, `${kind.name}-${random}-${writers}`)))
      let number = 0
      let announced = 0
      engine.log.onAppend(() => (announced += 1))
      const result = await measure(writers, () => {
        const key = keyOf((number += 1), random)
        return engine.write(transaction => {
          if (transaction.get('records', key) !== undefined) throw new Error('doubled key')
          transaction.put('records', key, record)
          transaction.append(record)
        })
      })
      show(`${kind.name}: write, ${random ? 'random' : 'rising'} keys, ${writers} at once`, result)
      const perGroup = (number / announced).toFixed(1)
      if (writers > 1) console.log(`${''.padEnd(52)} ${perGroup.padStart(9)} writes a group`)
      await engine.close()
    }
  }

  const engine = await kind.open(options(join(folder, `${kind.name}-reads`)))
  const count = 100_000
  for (let from = 0; from < count; from += 1000) {
    await engine.write(transaction => {
      for (let number = from; number < from + 1000; number += 1) {
        transaction.put('records', keyOf(number, true), record)
        transaction.append(record)
      }
    })
  }
  // The best of five: what else the machine does only ever adds.
  const timeSync = (what, times, run) => {
    let bestMs = Infinity
    for (let round = 0; round < 5; round += 1) {
      const before = performance.now()
      run(times)
      bestMs = Math.min(bestMs, performance.now() - before)
    }
    show(`${kind.name}: ${what}`, { perSecond: (times / bestMs) * 1000 })
  }
  const keys = Array.from({ length: count }, (_, number) => keyOf(number, true))
  const snapshot = await engine.snapshot()
  timeSync('get, random', count, times => {
    for (let at = 0; at < times; at += 1) snapshot.get('records', keys[at])
  })
  timeSync('snapshot + 2 gets + close', count, times => {
    for (let at = 0; at < times; at += 1) {
      const each = engine.snapshot()
      each.get('records', keys[at])
      each.get('records', keys[count - 1 - at])
      each.close()
    }
  })
  timeSync('snapshot + close', count, times => {
    for (let at = 0; at < times; at += 1) engine.snapshot().close()
  })
  const everything = { from: Buffer.alloc(0), to: Buffer.alloc(8, 0xff) }
  timeSync('scan, records', count, () =>
    snapshot.scan('records', everything, { countMax: Infinity, bytesMax: Infinity }),
  )
  timeSync('scan of 10 records', 20_000, times => {
    for (let at = 0; at < times; at += 1) {
      snapshot.scan('records', { from: keys[at], to: everything.to }, { countMax: 10, bytesMax: Infinity })
    }
  })
  snapshot.close()
  const { log } = engine
  timeSync('log entries read from the beginning', count, () => {
    let position = { time: 0n, index: 0 }
    for (;;) {
      const entries = log.readAfter(position, { bytesMax: 1 << 20 })
      if (entries.length === 0) return
      position = entries.at(-1).position
    }
  })
  timeSync('log reads of the last entry', count, times => {
    const before = { time: log.newest.time, index: log.newest.index - 1 }
    for (let at = 0; at < times; at += 1) log.readAfter(before, { bytesMax: 1 << 20 })
  })
  const begin = performance.now()
  const truncation = log.truncateBefore(log.newest.time)
  const during = []
  let truncating = true
  void truncation.then(() => (truncating = false))
  while (truncating) {
    const before = performance.now()
    await engine.write(transaction => transaction.append(record))
    during.push(performance.now() - before)
  }
  const took = performance.now() - begin
  show(`${kind.name}: log entries truncated`, { perSecond: (count / took) * 1000 })
  show(`${kind.name}: writes beside the truncation, 1 at once`, {
    perSecond: (during.length / took) * 1000,
    latenciesMs: during,
  })
  await engine.close()

  const opens = []
  for (let number = 0; number < 10; number += 1) {
    const before = performance.now()
    const fresh = await kind.open(options(join(folder, `${kind.name}-open-${number}`)))
    opens.push(performance.now() - before)
    await fresh.close()
  }
  show(`${kind.name}: new data made and opened`, {
    perSecond: 10_000 / opens.reduce((a, b) => a + b),
    latenciesMs: opens,
  })
}

try {
  show('bare append + fdatasync of 600 bytes, 1 at once', await bareLimit(600))
  show('bare append + fdatasync of 64 × 600 bytes', await bareLimit(64 * 600))
  await benchEngine(embedded)
  await benchEngine(memory)
  show('bare append + fdatasync of 600 bytes, 1 at once', await bareLimit(600))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
