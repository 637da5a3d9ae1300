/** The two ways to have a server: the embedded API, and the program. Each test of a driver runs against both. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from '../../src/index.ts'
import { startServerProcess } from '../server-process.ts'

export interface Deployment {
  readonly name: string
  start(): Promise<Running>
}

export interface Running {
  readonly uri: string
  close(): Promise<void>
}

export const deployments: readonly Deployment[] = [
  {
    name: 'open(), over a Unix socket',
    start: () => open(),
  },
  {
    name: 'a server process, over TCP',
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'tailrace-test-'))
      const server = await startServerProcess(['--port', '0', '--dbpath', folder])
      return {
        uri: server.uri,
        async close() {
          await server.stop()
          await rm(folder, { recursive: true })
        },
      }
    },
  },
]
