/**
 * Takes connections in, on TCP and on a Unix socket, until it is closed.
 *
 * What goes wrong while one is accepted is logged, and the others do not notice. When no file descriptor is free, libuv
 * closes the new connection by itself and says nothing to us.
 */
import { chmod, lstat, rm } from 'node:fs/promises'
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions as NetListenOptions,
  type Server,
  type Socket,
} from 'node:net'
import type { Env } from '../base/env.ts'
import type { Log } from '../base/log.ts'
import type { Compressors } from '../wire/compression.ts'
import { Connection, type ClientConnection, type Handle, type NetworkCounters } from './connection.ts'

// What `listen` is given, and hello announces; above this folder nobody knows the wire.
export { loadCompressors } from '../wire/compression.ts'

/** A peer that went away without a word is asked after this long, and given up some minutes later by the system. */
const keepAliveMs = 120_000

/** Connections that the system has taken and we have not looked at yet; it may allow fewer. A whole fleet may restart. */
const backlogCountMax = 4096

export interface ListenOptions {
  /** Names or addresses of this machine; none for no TCP at all. */
  readonly hosts: readonly string[]
  /** 0 for any that is free; all hosts get the same. */
  readonly port: number
  /** Where to put a Unix socket. A dead one that lies there is replaced. */
  readonly socketPath?: string | undefined
  readonly handle: Handle
  readonly compressors: Compressors
  readonly counters: ServerCounters
  /** Those that are connected: added and taken out here. */
  readonly clients?: Set<ClientConnection> | undefined
  readonly log: Log
  readonly env: Env
}

/** Raised here. `current` goes down again. */
export interface ServerCounters {
  readonly connections: { current: number; created: number }
  readonly network: NetworkCounters
}

export interface Listener {
  /** `host:port` of each TCP host, then the path of the Unix socket. */
  readonly addresses: readonly string[]
  /** undefined when there is no TCP. */
  readonly port: number | undefined
  readonly connectionCount: number
  /**
   * Takes no more connections, closes the idle ones, and lets the others finish their request for at most `waitMs`; then
   * those are aborted. Resolves when the last connection is closed.
   */
  close(options: { waitMs: number }): Promise<void>
}

/**
 * Listens on every host and on the path, or on none of them.
 *
 * @throws Error that says which address cannot be had, and why.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { hosts, port, socketPath, handle, compressors, counters, clients, log, env } = options
  const connections = new Set<Connection>()
  const servers: Server[] = []
  const addresses: string[] = []
  let connectionId = 0
  let sharedPort = port

  const take = (socket: Socket, reachedAt: string, remoteAddress: string): void => {
    connectionId++
    const ids = { connectionId, reachedAt, remoteAddress }
    const connection = new Connection(socket, { ...ids, handle, compressors, network: counters.network, env, log })
    connections.add(connection)
    clients?.add(connection.client)
    counters.connections.created++
    counters.connections.current++
    socket.on('close', () => {
      connections.delete(connection)
      clients?.delete(connection.client)
      counters.connections.current--
    })
  }

  const open = async (target: NetListenOptions, onSocket: (socket: Socket) => void): Promise<Server> => {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, onSocket)
    await opened(server, target)
    servers.push(server)
    server.on('error', error => log.error({ err: error }, 'a connection cannot be accepted'))
    return server
  }

  const close = async ({ waitMs }: { waitMs: number }): Promise<void> => {
    const closed = servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    for (const connection of connections) connection.close()
    const timer = env.after(waitMs, () => {
      for (const connection of connections) connection.destroy()
    })
    await Promise.all(closed)
    timer.cancel()
  }

  try {
    for (const host of hosts) {
      const server = await open({ host, port: sharedPort }, socket => {
        const { localAddress, localPort, remoteAddress, remotePort } = socket
        // A client may have gone before we looked at it.
        if (localAddress === undefined || remoteAddress === undefined) socket.destroy()
        else take(socket, formatAddress(localAddress, localPort), formatAddress(remoteAddress, remotePort))
      })
      sharedPort = (server.address() as AddressInfo).port
      addresses.push(formatAddress(host, sharedPort))
    }
    if (socketPath !== undefined) {
      await removeDeadSocket(socketPath)
      await open({ path: socketPath }, socket => take(socket, socketPath, 'unix'))
      // As with the files of a database: whoever may not read those may not ask for what is in them.
      await chmod(socketPath, 0o700)
      addresses.push(socketPath)
    }
  } catch (error) {
    await close({ waitMs: 0 })
    throw error
  }

  return {
    addresses,
    port: hosts.length > 0 ? sharedPort : undefined,
    get connectionCount() {
      return connections.size
    },
    close,
  }
}

function opened(server: Server, target: NetListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', cause => {
      const where = target.path ?? formatAddress(target.host ?? '', target.port)
      reject(new Error(`cannot listen on ${where}: ${cause.message}`, { cause }))
    })
    server.listen({ ...target, backlog: backlogCountMax }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

/** `host:port`, with brackets around what has colons itself; an IPv4 address that comes as IPv6 is shown as IPv4. */
function formatAddress(host: string, port: number | undefined): string {
  const plain = host.replace(/^::ffff:(?=\d+\.)/, '')
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

/**
 * Removes what a process that was killed has left at `path`. A file that is no socket is left alone; so is a socket that
 * somebody answers at.
 *
 * @throws Error for the latter.
 */
async function removeDeadSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined || !stats.isSocket()) return
  if (await answers(path)) throw new Error(`cannot listen on ${path}: another process is listening there`)
  await rm(path, { force: true })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      else reject(new Error(`cannot listen on ${path}: ${error.message}`, { cause: error }))
    })
  })
}
