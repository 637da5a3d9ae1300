/** How the server is doing, in numbers. A section is left out when its name is given as false or 0. */
import { type Encodable, dateValue, objectIdValue, timestampValue } from '../../bson/encode.ts'
import { ChangeStream } from '../../stream/change-stream.ts'
import type { State } from '../../stream/report.ts'
import type { Command, CommandContext } from '../command.ts'
import { bool, freeFields } from '../fields.ts'
import { addressOf } from '../replica-set.ts'
import { electionId, setVersion } from '../server-facts.ts'

export const command: Command = {
  name: 'serverStatus',
  run(request, context) {
    const unwanted = new Set(freeFields(request).flatMap(([name, value]) => (bool(value, name) ? [] : [name])))
    const { env, facts } = context
    const uptimeMs = env.monotonicMs() - facts.startedMs
    const general: Record<string, Encodable> = {
      host: facts.host,
      version: facts.version,
      process: 'tailrace',
      pid: BigInt(facts.pid),
      uptime: Math.floor(uptimeMs / 1000),
      uptimeMillis: BigInt(Math.floor(uptimeMs)),
      uptimeEstimate: BigInt(Math.floor(uptimeMs / 1000)),
      localTime: dateValue(env.wallMs()),
    }
    for (const [name, section] of Object.entries(sections)) {
      if (!unwanted.has(name)) general[name] = section(context)
    }
    return general
  },
}

type Section = (context: CommandContext) => Encodable

const bytesPerMiB = 1024 * 1024
const long = (count: number): bigint => BigInt(Math.floor(count))

const sections: Readonly<Record<string, Section>> = {
  asserts: ({ counters: { errors } }) => ({
    regular: errors.bugs,
    warning: errors.failures,
    msg: 0,
    user: errors.user,
    rollovers: 0,
  }),
  connections: ({ counters: { connections }, operations, facts }) => ({
    current: connections.current,
    available: facts.connectionCountMax && Math.max(0, facts.connectionCountMax - connections.current),
    totalCreated: long(connections.created),
    active: operations.count,
  }),
  globalLock: ({ operations }) => ({
    // Nothing waits for a lock: there is none.
    currentQueue: { total: 0, readers: 0, writers: 0 },
    activeClients: { total: operations.count, readers: 0, writers: 0 },
  }),
  logicalSessionRecordCache: ({ sessions }) => ({ activeSessionsCount: sessions.count }),
  mem: () => {
    const { rss } = process.memoryUsage()
    return {
      bits: 64,
      resident: Math.floor(rss / bytesPerMiB),
      virtual: Math.floor(rss / bytesPerMiB),
      supported: true,
    }
  },
  changeStreams: context => describeStreams(context),
  metrics: ({ cursors, hub: { largeEvents } }) => ({
    changeStreams: { largeEventsSplit: long(largeEvents.split), largeEventsFailed: long(largeEvents.failed) },
    cursor: {
      moreThanOneBatch: long(cursors.counts.severalBatches),
      timedOut: long(cursors.counts.timedOut),
      totalOpened: long(cursors.counts.opened),
      open: { noTimeout: 0n, pinned: long(pinnedCount(cursors)), total: long(cursors.count) },
    },
  }),
  network: ({ counters: { network } }) => ({
    bytesIn: long(network.bytesIn),
    bytesOut: long(network.bytesOut),
    numRequests: long(network.requests),
  }),
  opcounters: ({ counters: { operations } }) => ({ ...operations }),
  repl: ({ facts, client }) => {
    const address = addressOf(facts, client)
    return {
      setName: facts.replSet,
      setVersion,
      isWritablePrimary: true,
      secondary: false,
      primary: address,
      hosts: [address],
      me: address,
      electionId: objectIdValue(electionId),
    }
  },
  storageEngine: ({ facts }) => ({
    name: facts.storageName,
    supportsCommittedReads: true,
    persistent: facts.storageName !== 'memory',
    readOnly: false,
  }),
}

function pinnedCount(cursors: CommandContext['cursors']): number {
  let count = 0
  for (const { state } of cursors.all()) if (state.kind === 'pinned') count++
  return count
}

/** All open streams together; $currentOp tells of each. */
function describeStreams({ cursors, store, hub }: CommandContext): Encodable {
  const { log } = store.engine
  const states: Record<State, number> = { starting: 0, early: 0, 'catching-up': 0, live: 0, ended: 0, closed: 0 }
  let [open, waiting, events] = [0, 0, 0]
  for (const { source } of cursors.all()) {
    if (!(source instanceof ChangeStream)) continue
    const { state, isWaiting, backlog } = source.report
    open++
    states[state]++
    if (isWaiting) waiting++
    events += backlog.count
  }
  const { starting, early, live, ended } = states
  return {
    open: long(open),
    waiting: long(waiting),
    states: { starting, early, catchingUp: states['catching-up'], live, ended },
    backlog: {
      events: long(events),
      bytes: long(hub.backlogs.bytes),
      bytesMax: long(hub.backlogs.bytesMax),
      timesDropped: long(hub.backlogs.shedCount),
    },
    log: { oldest: timestampValue(log.oldest.time), newest: timestampValue(log.newest.time), bytes: long(log.bytes) },
  }
}
