// How long a filter takes for one document: ours on raw bytes, mingo on decoded documents, and decoding plus mingo.
//
//   npm run build && node bench/filter.mjs [--at-once COUNT] [--json FILE]
//
// The documents are real restaurants when ../shared/data has them, else made here in the same shape.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { gunzipSync } from 'node:zlib'
import { EJSON, deserialize, serialize } from 'bson'
import { Query } from 'mingo'
import { documentValue } from '../dist/bson/value.js'
import { rootVariables } from '../dist/expression/variables.js'
import { compileMatch } from '../dist/query/match.js'

const dataFile = new URL('../../shared/data/restaurants.ndjson.gz', import.meta.url)

// Each is asked of every document; the first is what the project promises to answer five times as fast.
const filters = {
  'two fields': { borough: 'Queens', cuisine: 'American' },
  'two fields, often the first': { borough: 'Manhattan', cuisine: 'American' },
  'one field': { restaurant_id: '30112340' },
  'three fields': { borough: 'Queens', cuisine: 'American', 'address.zipcode': '11372' },
  'nested field': { 'address.zipcode': '11372' },
  'array of documents': { 'grades.score': { $gt: 50 } },
  $elemMatch: { grades: { $elemMatch: { grade: 'A', score: { $gt: 20 } } } },
  $in: { cuisine: { $in: ['American', 'Bakery', 'Chinese', 'Pizza', 'Thai'] } },
  $or: { $or: [{ borough: 'Queens' }, { cuisine: 'Bakery' }] },
  $regex: { name: /^Wendy/ },
}

function readDocuments() {
  if (!existsSync(dataFile)) return { source: 'made', documents: makeDocuments(5000) }
  const lines = gunzipSync(readFileSync(dataFile)).toString().split('\n').filter(Boolean)
  return { source: 'restaurants', documents: lines.map(line => serialize(EJSON.parse(line))) }
}

function makeDocuments(count) {
  const boroughs = ['Bronx', 'Brooklyn', 'Manhattan', 'Queens', 'Staten Island']
  const cuisines = ['American', 'Bakery', 'Chinese', 'Hamburgers', 'Irish', 'Italian', 'Pizza', 'Thai']
  return Array.from({ length: count }, (_, index) =>
    serialize({
      address: {
        building: String(index),
        coord: [-73.9 - index / 1e5, 40.7 + index / 1e5],
        street: 'Flatbush Avenue',
        zipcode: String(11200 + (index % 300)),
      },
      borough: boroughs[index % 5],
      cuisine: cuisines[index % 8],
      grades: Array.from({ length: 4 }, (_, grade) => ({
        date: new Date(1.4e12 + index * 1000),
        grade: 'ABC'[(index + grade) % 3],
        score: (index * 7 + grade) % 60,
      })),
      name: `Restaurant ${index}`,
      restaurant_id: String(30_000_000 + index),
    }),
  )
}

const optionOf = name => {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}

// All at once, so that memory is measured as well. A batch of some hundreds stays in the processor's cache, as the documents
// do that a scan has just read.
const documentsAtOnce = Number(optionOf('--at-once') ?? Infinity)

/** Nanoseconds per document, of each batch the best round. */
function measure(documents, test, { rounds, passes }) {
  // A loop of its own for each test: in a shared one the engine could not tell what it calls, for none of them.
  const countMatches = new Function(
    'documents',
    'test',
    'passes',
    `let found = 0
     for (let pass = 0; pass < passes; pass++) for (const document of documents) if (test(document)) found++
     return found / passes`,
  )
  countMatches(documents, test, 3)
  let totalNs = 0
  let found = 0
  for (let at = 0; at < documents.length; at += documentsAtOnce) {
    const batch = documents.slice(at, at + documentsAtOnce)
    let bestMs = Infinity
    for (let round = 0; round < rounds; round++) {
      const start = performance.now()
      countMatches(batch, test, passes)
      bestMs = Math.min(bestMs, performance.now() - start)
    }
    totalNs += (bestMs * 1e6) / passes
    found += countMatches(batch, test, 1)
  }
  return { nsPerDocument: totalNs / documents.length, found }
}

const { source, documents } = readDocuments()
const decoded = documents.map(document => deserialize(document))
const variables = rootVariables({ nowMs: 0, clusterTime: 0n })
const results = Object.entries(filters).map(([name, filter]) => {
  const matches = compileMatch(documentValue(serialize(filter)), { variables })
  const query = new Query(filter)
  const ours = measure(documents, matches, { rounds: 20, passes: 40 })
  const mingo = measure(decoded, document => query.test(document), { rounds: 20, passes: 10 })
  const both = measure(documents, document => query.test(deserialize(document)), { rounds: 3, passes: 1 })
  if (ours.found !== mingo.found) throw new Error(`${name}: we find ${ours.found} documents, mingo ${mingo.found}`)
  return {
    name,
    found: ours.found,
    oursNs: Math.round(ours.nsPerDocument),
    mingoNs: Math.round(mingo.nsPerDocument),
    deserializeAndMingoNs: Math.round(both.nsPerDocument),
    timesMingo: Number((mingo.nsPerDocument / ours.nsPerDocument).toFixed(1)),
    timesDeserializeAndMingo: Number((both.nsPerDocument / ours.nsPerDocument).toFixed(1)),
  }
})

console.log(`${documents.length} documents (${source}), ns per document`)
console.table(results.map(({ name, ...numbers }) => ({ filter: name, ...numbers })))
const jsonFile = optionOf('--json')
if (jsonFile !== undefined) {
  const report = {
    bench: 'filter',
    node: process.version,
    source,
    documents: documents.length,
    documentsAtOnce,
    results,
  }
  writeFileSync(jsonFile, `${JSON.stringify(report, null, 2)}\n`)
}
