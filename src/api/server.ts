/** A deployment behind sockets: what `tailrace serve` runs and the embedded API opens. */
import { systemEnv, type Env } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { shutdownMsMax } from '../base/limits.ts'
import { dispatch } from '../command/dispatch.ts'
import { listen, loadCompressors } from '../server/listen.ts'
import { openDeployment, type DeploymentOptions } from './services.ts'
import { ownVersion } from './version.ts'

export interface ServerOptions extends Omit<DeploymentOptions, 'env' | 'ownVersion' | 'compressors'> {
  readonly env?: Env
  /** Addresses to listen on; none for no TCP. */
  readonly hosts: readonly string[]
  /** 0 for any that is free. */
  readonly port: number
  readonly socketPath?: string | undefined
}

export interface Server {
  /** `host:port` of each TCP host, then the path of the Unix socket. */
  readonly addresses: readonly string[]
  /** A connection string that works from this machine. */
  readonly uri: string
  /** Lets running commands finish for a while, then closes connections and storage. */
  close(): Promise<void>
}

/** @throws Error that says which address cannot be had; StorageFailed; ParameterRefused. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const env = options.env ?? systemEnv
  const compressors = await loadCompressors()
  const deployment = await openDeployment({ ...options, env, ownVersion, compressors: compressors.names })
  const { services } = deployment
  try {
    const listener = await listen({
      hosts: options.hosts,
      port: options.port,
      socketPath: options.socketPath,
      handle: (request, client) => dispatch(request, client, services),
      compressors,
      counters: services.counters,
      clients: deployment.clients,
      log: services.log,
      env,
    })
    return {
      addresses: listener.addresses,
      uri: uriOf(listener.addresses, options.replSet),
      async close() {
        // A getMore or a hello that waits would be waited for. It is told why before its cursor goes: a driver resumes its
        // stream with the next server after a shutdown, and gives up when its cursor was killed.
        services.operations.interruptWaiting(new CommandError('InterruptedAtShutdown', 'interrupted at shutdown'))
        services.cursors.closeAll()
        await listener.close({ waitMs: shutdownMsMax })
        await deployment.close()
      },
    }
  } catch (error) {
    await deployment.close()
    throw error
  }
}

/** By TCP drivers find the set by themselves; a socket's path is no address that they could be told. */
function uriOf(addresses: readonly string[], replSet: string): string {
  const [first = ''] = addresses
  if (first.startsWith('/')) return `mongodb://${encodeURIComponent(first)}/?directConnection=true`
  const reachable = first.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
  return `mongodb://${reachable}/?replicaSet=${encodeURIComponent(replSet)}`
}
