// What people type into mongosh, against a started server: prints each that does not answer as it should.
// `node test/drivers/mongosh.mjs` takes a mongosh that is there; with --install, or MONGOSH=1, it fetches one (a minute).
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const version = '2.12.0'
const marker = '@next@'

// What is typed, and what the answer must show; `needed` is false for what the guides do not ask for.
const lines = [
  ['show dbs', /admin/],
  ['use sample_restaurants', /switched to db sample_restaurants/],
  ['db.restaurants.insertOne({ name: "Blarney Castle", cuisine: "American" })', /acknowledged: true/],
  ['db.restaurants.insertMany([{ name: "A", n: 1 }, { name: "B", n: 2 }]).insertedIds[1]', /ObjectId/],
  ['show collections', /restaurants/],
  ['show dbs', /sample_restaurants/],
  [
    'db.restaurants.find({ cuisine: "American" }, { _id: 0 })',
    /\[ \{ name: 'Blarney Castle', cuisine: 'American' \} \]/,
  ],
  ['db.restaurants.findOne({ n: { $gt: 1 } }).name', /^B$/],
  ['db.restaurants.aggregate([{ $group: { _id: null, n: { $sum: "$n" } } }])', /\[ \{ _id: null, n: 3 \} \]/],
  ['db.restaurants.countDocuments()', /^3$/],
  ['db.restaurants.estimatedDocumentCount()', /^3$/],
  ['db.restaurants.distinct("name")', /\[ 'Blarney Castle', 'A', 'B' \]/],
  ['const stream = db.restaurants.watch([], { fullDocument: "updateLookup", maxAwaitTimeMS: 50 })', /^$/],
  ['stream.tryNext()', /^null$/],
  ['db.restaurants.updateOne({ name: "Blarney Castle" }, { $set: { cuisine: "Irish" } }).modifiedCount', /^1$/],
  ['stream.tryNext().fullDocument.cuisine', /^Irish$/],
  ['stream.close()', /^$/],
  ['db.restaurants.deleteMany({ n: { $exists: true } }).deletedCount', /^2$/],
  ['db.restaurants.createIndex({ cuisine: 1 })', /^cuisine_1$/],
  ['db.restaurants.getIndexes().length', /^2$/],
  ['db.restaurants.find({ cuisine: "Irish" }).explain().queryPlanner.winningPlan.stage', /./],
  ['db.createView("irish", "restaurants", [{ $match: { cuisine: "Irish" } }]).ok', /^1$/],
  ['db.irish.find({}, { _id: 0, name: 1 })', /\[ \{ name: 'Blarney Castle' \} \]/],
  ['db.createCollection("visits", { timeseries: { timeField: "at" } }).ok', /^1$/],
  ['db.visits.insertOne({ at: ISODate("2024-01-01"), guests: 3 }).acknowledged', /^true$/],
  ['db.visits.findOne().guests', /^3$/],
  ['show collections', /irish +\[view\][^]*visits +\[time-series\]/],
  ['rs.status().members[0].stateStr', /^PRIMARY$/],
  ['rs.conf().members.length', /^1$/],
  ['db.hello().isWritablePrimary', /^true$/],
  ['db.version()', /^\d+\.\d+\.\d+$/],
  ['db.serverStatus().ok', /^1$/],
  ['db.getMongo().getDBNames()', /'sample_restaurants'/],
  ['db.adminCommand({ ping: 1 }).ok', /^1$/],
  ['db.stats().ok', /^1$/],
  ['db.restaurants.stats().count', /^1$/],
  ['db.restaurants.dataSize() > 0', /^true$/],
  ['db.restaurants.totalSize() > 0', /^true$/],
  ['db.restaurants.isCapped()', /^false$/],
  ['db.restaurants.validate().valid', /^true$/],
  ['db.currentOp().inprog.length', /^[1-9]/],
  ['db.currentOp(true).ok', /^1$/],
  ['db.getSiblingDB("admin").aggregate([{ $currentOp: { idleCursors: true } }]).toArray().length', /^[1-9]/],
  ['db.restaurants.drop()', /^true$/],
  ['db.dropDatabase().ok', /^1$/],
  ['show users', /^\[\]$|^$/],
  ['show roles', /^\[\]$|^$/],
  ['db.getUsers().users.length', /^0$/],
  ['rs.printReplicationInfo()', /oplog/],
]

async function findMongosh() {
  if (spawnSync('mongosh', ['--version']).status === 0) return { command: 'mongosh', remove: async () => undefined }
  const local = join(root, 'node_modules', '.bin', 'mongosh')
  if (spawnSync(local, ['--version']).status === 0) return { command: local, remove: async () => undefined }
  if (process.env.MONGOSH !== '1' && !process.argv.includes('--install')) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'tailrace-mongosh-'))
  const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', `mongosh@${version}`]
  const { status } = spawnSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'] })
  const remove = () => rm(folder, { recursive: true, force: true })
  if (status === 0) return { command: join(folder, 'node_modules', '.bin', 'mongosh'), remove }
  await remove()
  throw new Error(`npm could not install mongosh@${version}`)
}

async function ask(command, uri) {
  // A home of its own: what is typed here belongs into nobody's history.
  const home = await mkdtemp(join(tmpdir(), 'tailrace-home-'))
  const shell = spawn(command, [uri, '--quiet'], {
    env: { ...process.env, HOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let printed = ''
  shell.stdout.setEncoding('utf8').on('data', text => (printed += text))
  shell.stdin.end([`prompt = '${marker}'`, ...lines.map(([line]) => line), ''].join('\n'))
  await once(shell, 'close')
  await rm(home, { recursive: true, force: true })
  // In front of the second marker is the answer to setting it, which is the first.
  return printed
    .split(marker)
    .slice(2)
    .map(answer => answer.trim())
}

async function run(command) {
  const server = spawn(
    process.execPath,
    [join(root, 'dist/cli/main.js'), 'serve', '--port', '0', '--storage', 'memory'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const [line] = await once(createInterface(server.stdout), 'line')
  const answers = await ask(command, line.slice(line.indexOf('mongodb://')))
  server.kill()
  let failedCount = 0
  for (const [index, [typed, expected, { needed = true } = {}]] of lines.entries()) {
    const answer = answers[index] ?? 'no answer'
    if (expected.test(answer)) continue
    if (needed) failedCount++
    console.log(`${needed ? 'failed' : 'not there'}: ${typed}\n  ${answer.replaceAll('\n', '\n  ')}`)
  }
  return failedCount
}

const mongosh = await findMongosh()
if (mongosh === undefined) {
  console.log('skipped: there is no mongosh here, and nobody asked to install one (--install, or MONGOSH=1)')
  console.log('0 passed, 0 failed, 1 skipped')
} else {
  try {
    const failedCount = await run(mongosh.command)
    const neededCount = lines.filter(([, , { needed = true } = {}]) => needed).length
    console.log(`${neededCount - failedCount} passed, ${failedCount} failed`)
    process.exitCode = failedCount === 0 ? 0 : 1
  } finally {
    await mongosh.remove()
  }
}
