/**
 * The restaurants that the drivers' guides work on: those of the guides' own data set where the file lies beside the
 * repository, else the few of the demo.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type Document, EJSON } from 'bson'

const repository = fileURLToPath(new URL('..', import.meta.url))
const file = join(repository, '..', 'shared', 'data', 'restaurants.ndjson.gz')

/** Why tests that need the whole data set are skipped; undefined when it is there. */
export const wholeMissing = existsSync(file)
  ? undefined
  : `${file} is not there: the guides run on the restaurants of the demo`
if (wholeMissing !== undefined) console.warn(`skipped: ${wholeMissing}`)

/** Restaurants, Blarney Castle among them, numbers in the types that they have in the file. */
export const restaurants: readonly Document[] = wholeMissing === undefined ? readWhole() : await readDemo()

function readWhole(): Document[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  return lines.map(line => EJSON.parse(line, { relaxed: false }) as Document)
}

async function readDemo(): Promise<Document[]> {
  const demo = (await import(new URL('demo/restaurants.mjs', `file://${repository}`).href)) as {
    restaurants: Document[]
  }
  return demo.restaurants
}

/** As many of them as most tests need: Blarney Castle and its neighbours in the file. */
export const someRestaurants: readonly Document[] = (() => {
  const at = restaurants.findIndex(({ name }) => name === 'Blarney Castle')
  return restaurants.slice(Math.max(0, at - 20), at + 20)
})()
