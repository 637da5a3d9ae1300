// The whole idea in one run: an embedded database, the official driver, watch(), an update, and its change event.
// `npm run demo` goes on serving until Ctrl-C; with `-- --once` it ends after the event.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EJSON } from 'bson'
import { MongoClient } from 'mongodb'
import { open } from '../dist/index.js'
import { restaurants as samples } from './restaurants.mjs'

const path = await mkdtemp(join(tmpdir(), 'tailrace-demo-'))
const db = await open({ path })
const client = new MongoClient(db.uri)
try {
  const restaurants = client.db('sample_restaurants').collection('restaurants')
  const { insertedCount } = await restaurants.insertMany(samples)
  console.log(`${insertedCount} restaurants are in sample_restaurants.restaurants. Watching …\n`)

  const stream = restaurants.watch([], { fullDocument: 'updateLookup' })
  // The first look at an empty stream opens it: from here on nothing is missed.
  await stream.tryNext()
  await restaurants.updateOne({ name: 'Blarney Castle' }, { $set: { cuisine: 'Irish' } })
  console.log(EJSON.stringify(await stream.next(), undefined, 2))
  await stream.close()

  if (!process.argv.includes('--once')) {
    console.log(`\nServing at ${db.uri}\nTry watch() from another window; Ctrl-C ends it.`)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  }
} finally {
  await client.close()
  await db.close()
  await rm(path, { recursive: true, force: true })
}
