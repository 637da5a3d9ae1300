// Measures a server against the limit server (bench/limit-server.mjs: the same sockets, ready-made answers), side by side in
// one run, and prints ratios: 1 would be a server that costs nothing. It asserts nothing; it reports.
//
//   npm run bench -- [--json FILE] [--against URI] [--seconds N] [--only WORDS] [--profile]
//
// --against URI   the same work on another MongoDB-compatible server in place of ours
// --seconds N     how long each measurement of one round lasts, 1 if not given
// --only WORDS    only the measurements whose name has these words in it
// --profile       run our server under --cpu-prof; the profile lies in the folder that is printed
import { spawn } from 'node:child_process'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { MongoClient, ObjectId, Timestamp } from 'mongodb'
import { restaurantOf } from './restaurant.mjs'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    against: { type: 'string' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    profile: { type: 'boolean', default: false },
  },
})
const roundCount = 5
const roundMs = Number(flags.seconds) * 1000
const batchCount = 500

/** Starts a server of ours as a process of its own and gives the connection string that it prints. */
async function launch(program, args, nodeFlags = []) {
  const child = spawn(process.execPath, [...nodeFlags, resolve(program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const uri = /mongodb:\/\/\S+/.exec(line)?.[0]
    if (uri !== undefined) return uri
  }
  throw new Error(`${program} ended before it was ready`)
}

async function stop(child) {
  if (child.exitCode !== null) return
  const ended = new Promise(done => child.once('exit', done))
  child.kill('SIGTERM')
  await ended
}

async function connect(uri) {
  const client = await new MongoClient(uri, { maxPoolSize: 100, minPoolSize: 64 }).connect()
  const collection = client.db('bench').collection('restaurants')
  await client.db('admin').command({ ping: 1 })
  return { client, collection }
}

/** Operations a second, by name. Each is called with a connected target and says how many operations it has done. */
const throughputs = {
  'insertOne, 1 caller': target => callers(target, 1, insertOne),
  'insertOne, 16 callers': target => callers(target, 16, insertOne),
  'insertOne, 64 callers': target => callers(target, 64, insertOne),
  'insertMany of 1000': target => callers(target, 1, insertMany),
  'find by _id': target => callers(target, 1, findById),
  'find by _id, 16 callers': target => callers(target, 16, findById),
  'watch, 1 stream': watch,
}

async function insertOne({ collection }) {
  await collection.insertOne(restaurantOf(new ObjectId()))
  return 1
}

async function insertMany({ collection }) {
  await collection.insertMany(Array.from({ length: 1000 }, () => restaurantOf(new ObjectId())))
  return 1000
}

async function findById(target) {
  target.known ??= await knownId(target)
  await target.collection.findOne({ _id: target.known })
  return 1
}

async function knownId({ collection }) {
  const _id = new ObjectId()
  await collection.insertOne(restaurantOf(_id))
  return _id
}

async function callers(target, count, operation) {
  await operation(target)
  const beganMs = performance.now()
  let done = 0
  const call = async () => {
    while (performance.now() - beganMs < roundMs) {
      // Not `done += await …`, which would read `done` before it waits.
      const more = await operation(target)
      done += more
    }
  }
  await Promise.all(Array.from({ length: count }, call))
  return { done, ms: performance.now() - beganMs }
}

/** One stream over inserts that were made before: nothing but delivery is measured. */
async function watch({ client, collection }) {
  const { operationTime } = await client.db('admin').command({ ping: 1 })
  const next = new Timestamp({ t: operationTime.getHighBitsUnsigned(), i: operationTime.getLowBitsUnsigned() + 1 })
  for (let rest = watchCount; rest > 0; rest -= 1000) await insertMany({ collection })
  const stream = collection.watch([], { startAtOperationTime: next, batchSize: batchCount })
  await stream.next()
  const beganMs = performance.now()
  let done = 0
  while (done < watchCount - 1000) {
    await stream.next()
    done++
  }
  const ms = performance.now() - beganMs
  await stream.close()
  return { done, ms }
}

const watchCount = 20_000

/** Rounds of limit and server take turns, so that what else the machine does meets both. */
async function compare(name, work, targets) {
  const rates = { limit: [], server: [] }
  for (let round = 0; round <= roundCount; round++) {
    for (const kind of ['limit', 'server']) {
      const { done, ms } = await work(targets[kind])
      // The first round warms up.
      if (round > 0) rates[kind].push((done / ms) * 1000)
    }
  }
  const ratios = rates.server.map((rate, round) => rate / rates.limit[round])
  return { name, limit: median(rates.limit), server: median(rates.server), ratio: median(ratios) }
}

/** From the call of insertOne to the event in the reader's hands, next to a ping there and back and a bare fdatasync. */
async function measureLatency({ client, collection }) {
  const admin = client.db('admin')
  const pings = []
  for (let round = 0; round < 500; round++) pings.push(await timed(() => admin.command({ ping: 1 })))
  const stream = collection.watch()
  await stream.tryNext()
  const events = []
  for (let round = 0; round < 500; round++) {
    events.push(
      await timed(async () => {
        const inserted = collection.insertOne(restaurantOf(new ObjectId()))
        await stream.next()
        await inserted
      }),
    )
  }
  await stream.close()
  return { ping: quantiles(pings), fdatasync: quantiles(syncs()), insertToEvent: quantiles(events) }
}

function syncs() {
  const file = openSync(join(folder, 'sync'), 'w')
  const taken = []
  for (let round = 0; round < 300; round++) {
    const beganMs = performance.now()
    writeSync(file, Buffer.alloc(4096, round))
    fdatasyncSync(file)
    taken.push(performance.now() - beganMs)
  }
  closeSync(file)
  return taken
}

async function timed(operation) {
  const beganMs = performance.now()
  await operation()
  return performance.now() - beganMs
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

function quantiles(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return { p50: sorted[Math.floor(sorted.length * 0.5)], p99: sorted[Math.floor(sorted.length * 0.99)] }
}

function print(results, latency) {
  console.log(
    `${'operations a second'.padEnd(26)}${'limit'.padStart(10)}${'server'.padStart(10)}${'ratio'.padStart(8)}`,
  )
  for (const { name, limit, server, ratio } of results) {
    const rate = number => Math.round(number).toString().padStart(10)
    console.log(`${name.padEnd(26)}${rate(limit)}${rate(server)}${ratio.toFixed(2).padStart(8)}`)
  }
  console.log(`\n${'milliseconds'.padEnd(26)}${'p50'.padStart(10)}${'p99'.padStart(10)}`)
  for (const [name, { p50, p99 }] of Object.entries(latency)) {
    console.log(`${name.padEnd(26)}${p50.toFixed(2).padStart(10)}${p99.toFixed(2).padStart(10)}`)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tailrace-bench-'))
const children = []
try {
  const limit = await connect(await launch('bench/limit-server.mjs', ['--batch', String(batchCount)]))
  const profiling = flags.profile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []
  const serve = ['serve', '--port', '0', '--dbpath', join(folder, 'data')]
  const server = await connect(flags.against ?? (await launch('dist/cli/main.js', serve, profiling)))
  const results = []
  const chosen = Object.entries(throughputs).filter(([name]) => name.includes(flags.only))
  for (const [name, work] of chosen) results.push(await compare(name, work, { limit, server }))
  const latency = await measureLatency(server)
  print(results, latency)
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ results, latency }, null, 2)}\n`)
  await Promise.all([limit, server].map(({ client }) => client.close()))
} finally {
  await Promise.all(children.map(stop))
  if (flags.profile) console.log(`profile in ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}
