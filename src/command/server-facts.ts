/** What the server says about itself in hello, buildInfo and the like. All of it is settled when it starts. */
import type { Env } from '../base/env.ts'
import { Parameters } from './parameters.ts'

const version = '8.0.16'
export const versionArray = [8, 0, 16, 0] as const
/** Wire versions of that release. Source: driver specifications, wire version table. */
export const wireVersionMin = 0
export const wireVersionMax = 25

/**
 * Of the one election that this set ever had, whose term is in every oplog document (oplog/oplog-document.ts). Both never change,
 * so that no driver can take us for an older primary than the one it knows, across restarts too.
 */
export const electionId: Uint8Array = Buffer.from('7fffffff0000000000000001', 'hex')
export const setVersion = 1

/** Nothing about the set changes while the process runs, so what drivers wait for in a hello never comes. */
export const topologyCounter = 0n

export interface ServerFactsOptions {
  /** Name of the replica set of one that we show. */
  readonly replSet: string
  /** This program's own version. */
  readonly ownVersion: string
  /** `host:port` by which all clients can reach us; undefined to call ourselves as each client does. */
  readonly advertise?: string | undefined
  /** Name of the machine. */
  readonly host: string
  readonly pid: number
  /** Kind of the storage engine. */
  readonly storageName: string
  /** 16 bytes that name the data. */
  readonly deploymentId: Uint8Array
  /** What the wire can compress with, in no order. */
  readonly compressors?: readonly string[]
  readonly argv?: readonly string[]
  /** The options as parsed, for getCmdLineOpts. */
  readonly parsedOptions?: Readonly<Record<string, string | number | boolean>>
  /** For whoever connects with a shell; a sentence each. */
  readonly startupWarnings?: readonly string[]
  readonly parameters?: Parameters
  /** How many connections are taken in at once; undefined where nobody counts. */
  readonly connectionCountMax?: number | undefined
}

export interface ServerFacts extends Required<ServerFactsOptions> {
  /** The MongoDB release whose commands are here; drivers and tools switch features by it. */
  readonly version: string
  /** 12 bytes, other ones in each process: drivers notice a restart by it. */
  readonly processId: Uint8Array
  readonly startedWallMs: number
  readonly startedMs: number
}

export function makeServerFacts(env: Env, options: ServerFactsOptions): ServerFacts {
  const startedWallMs = env.wallMs()
  const processId = Buffer.alloc(12)
  processId.writeUInt32BE(Math.floor(startedWallMs / 1000), 0)
  processId.set(env.randomBytes(8), 4)
  return {
    advertise: undefined,
    compressors: [],
    argv: [],
    parsedOptions: {},
    startupWarnings: [],
    parameters: new Parameters(),
    connectionCountMax: undefined,
    ...options,
    version,
    processId,
    startedWallMs,
    startedMs: env.monotonicMs(),
  }
}
