// What a committed insert costs with 0, 1, 100 and 10 000 live change streams, and what it costs to open them.
//
//   npm run build && node bench/streams.mjs [--inserts COUNT]
//
//   one value each     every stream asks for another value of one field: an insert concerns one of them
//   a range each       the same said in a way that the index does not know: every stream is asked
//   all the same       every stream has the same stages: asked once, delivered to all
//
// In one process on the memory engine, without sockets. The streams' clients take everything at the end.
import { performance } from 'node:perf_hooks'
import { serialize } from 'bson'
import { compileChangeStreamPipeline } from '../dist/aggregate/pipeline.js'
import { openDeployment } from '../dist/api/services.js'
import { systemEnv } from '../dist/base/env.js'
import { getField, itemsOf } from '../dist/bson/reader.js'
import { insertDocuments } from '../dist/collection/insert.js'
import { rootVariables } from '../dist/expression/variables.js'
import { ChangeStream } from '../dist/stream/change-stream.js'
import { parseChangeStream } from '../dist/stream/options.js'
import { View } from '../dist/stream/view.js'

const inserts = Number(process.argv[process.argv.indexOf('--inserts') + 1]) || 5000
const namespace = { db: 'd', coll: 'c' }

const matches = {
  'one value each': user => ({ 'fullDocument.user': user }),
  'a range each': user => ({ 'fullDocument.user': { $gte: user, $lte: user } }),
  'all the same': () => ({ 'fullDocument.user': 7 }),
}

const valueOf = value => getField(serialize({ value }), 'value')

function openStream({ store, hub }, match) {
  const options = parseChangeStream(valueOf({}), { ...namespace, apiStrict: false })
  const stages = itemsOf(valueOf([{ $match: match }]))
  const variables = rootVariables({ nowMs: 0, clusterTime: 0n })
  const pipeline = compileChangeStreamPipeline(stages, { variables })
  const view = new View({ options, stages, collation: undefined, pipeline, largeEvents: hub.largeEvents })
  return new ChangeStream({ store, hub, view, start: options.start })
}

const now = { countMax: Infinity, waitMs: 0, signal: new AbortController().signal, check() {} }

async function measure(kind, count) {
  const { services, close } = await openDeployment({
    env: systemEnv,
    storage: 'memory',
    path: undefined,
    replSet: 'rs0',
    ownVersion: '0',
    compressors: [],
  })
  const { store } = services
  const insert = (_id, user) =>
    insertDocuments(store, {
      namespace,
      documents: [serialize({ _id, user, text: 'x'.repeat(300) })],
      firstStmtId: 0,
      ordered: true,
      bypassesValidation: false,
      retryable: undefined,
    })
  for (let id = 0; id < 2000; id++) await insert(-1 - id, id)
  const streams = []
  const openedAt = performance.now()
  for (let user = 0; user < count; user++) {
    const stream = openStream(services, matches[kind](user))
    await stream.next(now)
    streams.push(stream)
  }
  const openMs = performance.now() - openedAt
  const runs = count * inserts > 20_000_000 && kind !== 'one value each' ? Math.ceil(20_000_000 / count) : inserts
  const beganAt = performance.now()
  for (let id = 0; id < runs; id++) {
    await insert(id, kind === 'all the same' ? 7 : id % Math.max(count, 1))
    // As sockets would have it: who has much to do gets its turn.
    if (id % 16 === 15) await new Promise(resolve => setImmediate(resolve))
  }
  let delivered = (await streams[0]?.next(now))?.documents.length ?? 0
  const insertUs = ((performance.now() - beganAt) * 1000) / runs
  for (const stream of streams) delivered += (await stream.next(now)).documents.length
  for (const stream of streams) stream.close()
  await close()
  return { insertUs, openUs: count === 0 ? 0 : (openMs * 1000) / count, delivered, runs }
}

await measure('one value each', 100)
console.log('streams           count    µs per insert   µs to open one   delivered')
for (const [kind, counts] of [
  ['one value each', [0, 1, 100, 10_000]],
  ['a range each', [1, 100, 10_000]],
  ['all the same', [1, 100, 10_000]],
]) {
  for (const count of counts) {
    const { insertUs, openUs, delivered, runs } = await measure(kind, count)
    const cells = [String(count).padStart(9), insertUs.toFixed(1).padStart(15), openUs.toFixed(1).padStart(16)]
    console.log(kind.padEnd(15), ...cells, `${String(delivered).padStart(10)} of ${runs}`)
  }
}
