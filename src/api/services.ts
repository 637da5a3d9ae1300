/** Puts one deployment together: engine, store, hub, cursors, sessions and the rest of what commands work with. */
import { hostname } from 'node:os'
import type { Env } from '../base/env.ts'
import { KeptLog, type Log } from '../base/log.ts'
import { encodeDocument } from '../bson/encode.ts'
import { commitChanges } from '../collection/apply.ts'
import { newUuid } from '../collection/create.ts'
import { Maintenance } from '../collection/maintenance.ts'
import { makeStore, withSnapshot, type ImageKeeping, type Store } from '../collection/store.ts'
import { makeCounters } from '../command/counters.ts'
import { FailPoints } from '../command/fail-points.ts'
import type { Client, Services } from '../command/command.ts'
import { Operations } from '../command/operations.ts'
import { makeServerFacts } from '../command/server-facts.ts'
import { ParameterRefused, Parameters } from '../command/parameters.ts'
import { CursorRegistry } from '../cursor/registry.ts'
import { clusterClock } from '../oplog/cluster-time.ts'
import { retentionDefault, type RetentionPolicy } from '../oplog/retention.ts'
import { Sessions } from '../session/sessions.ts'
import { Snapshots } from '../session/snapshots.ts'
import { Transactions } from '../session/transactions.ts'
import type { OpenedEngine } from '../storage/engine.ts'
import * as engines from '../storage/engines/all.ts'
import { Hub } from '../stream/hub.ts'
import { initiatingMessage } from '../stream/start.ts'

export { ParameterRefused }

export type StorageName = 'memory' | 'embedded'

export interface DeploymentOptions {
  readonly env: Env
  readonly storage: StorageName
  /** Folder of the data; undefined for storage that has none. */
  readonly path: string | undefined
  /** Name of the replica set of one that drivers are shown. */
  readonly replSet: string
  /** `host:port` that clients are told to use; undefined for the one they used. */
  readonly advertise?: string | undefined
  readonly retention?: RetentionPolicy | undefined
  /** `perCollection` if not given. */
  readonly changeStreamImages?: ImageKeeping | undefined
  /** What `--setParameter` said, name → text. */
  readonly parameters?: ReadonlyMap<string, string> | undefined
  /** Where log lines go; undefined for nowhere. */
  readonly log?: Log | undefined
  readonly ownVersion: string
  readonly compressors: readonly string[]
  readonly startupWarnings?: readonly string[] | undefined
  readonly parsedOptions?: Readonly<Record<string, string | number | boolean>> | undefined
  /** What the `shutdown` command does; undefined where the server is not its own program. */
  readonly requestShutdown?: (() => void) | undefined
}

export interface Deployment {
  readonly services: Services
  /** Who listens adds those that connect, and takes them out when they are gone. */
  readonly clients: Set<Client>
  /** Ends everything that runs and waits, then closes the storage. */
  close(): Promise<void>
}

/** @throws StorageFailed, naming the file, when the data cannot be had. ParameterRefused for an unknown parameter. */
export async function openDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { env } = options
  const parameters = new Parameters(options.parameters)
  const kind = await engines[options.storage]()
  const engine = await kind.open({
    ...(options.path === undefined ? {} : { path: options.path }),
    nextTime: clusterClock(env),
    newDeploymentId: () => newUuid(env),
  })
  try {
    return await startDeployment(options, parameters, engine)
  } catch (error) {
    await engine.close()
    throw error
  }
}

async function startDeployment(
  options: DeploymentOptions,
  parameters: Parameters,
  engine: OpenedEngine,
): Promise<Deployment> {
  const { env } = options
  const log = new KeptLog(env, options.log)
  const store = makeStore(env, engine, {
    log,
    retention: options.retention ?? retentionDefault,
    changeStreamImages: options.changeStreamImages ?? 'perCollection',
  })
  await withSnapshot(store, snapshot => store.parameters.load(snapshot))
  if (engine.log.newest.time === 0n) await writeInitiatingEntry(store)
  const hub = new Hub(store)
  const cursors = new CursorRegistry(env)
  const transactions = new Transactions(store)
  const snapshots = new Snapshots(store)
  const sessions = new Sessions(env, sessionKey => {
    transactions.endSession(sessionKey)
    cursors.closeSession(sessionKey)
  })
  const operations = new Operations(env)
  const maintenance = new Maintenance(store, {
    onFailure: error => log.error({ err: error }, 'a maintenance job failed; it is tried again'),
  })
  const facts = makeServerFacts(env, {
    replSet: options.replSet,
    ownVersion: options.ownVersion,
    advertise: options.advertise,
    host: hostname(),
    pid: process.pid,
    storageName: options.storage,
    deploymentId: engine.deploymentId,
    compressors: options.compressors,
    argv: process.argv,
    parsedOptions: options.parsedOptions ?? {},
    startupWarnings: options.startupWarnings ?? [],
    parameters,
  })
  const clients = new Set<Client>()
  const services: Services = {
    env,
    store,
    hub,
    cursors,
    sessions,
    transactions,
    snapshots,
    operations,
    maintenance,
    facts,
    log,
    failPoints: new FailPoints(env),
    counters: makeCounters(),
    clients,
    requestShutdown: options.requestShutdown,
  }
  await maintenance.start()
  return {
    services,
    clients,
    async close() {
      cursors.closeAll()
      sessions.close()
      transactions.close()
      snapshots.close()
      hub.close()
      await maintenance.close()
      await engine.close()
    },
  }
}

/** The first entry ever: as long as it is kept, the log is the whole history. */
async function writeInitiatingEntry(store: Store): Promise<void> {
  const o = encodeDocument({ msg: initiatingMessage })
  const entry = { op: 'n' as const, ns: '', o, wallMs: store.env.wallMs() }
  await store.engine.write(transaction => commitChanges(transaction, store.catalog, [{ entry }]))
}
