/** A server in a process of its own, started as a user starts it: `node dist/cli/main.js serve`. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ServerProcess {
  /** A connection string for it. */
  readonly uri: string
  readonly port: number
  /** Ends it as Ctrl-C does. @throws Error when it did not end well. */
  stop(): Promise<void>
  /** Ends it with SIGKILL: it is given no chance to do anything more. */
  kill(): Promise<void>
}

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Starts `serve` with these arguments; resolves when it listens. @throws Error with what it printed when it ends instead. */
export async function startServerProcess(args: readonly string[]): Promise<ServerProcess> {
  if (!existsSync(program)) throw new Error('dist/cli/main.js is not there: npm run build makes it')
  const child = spawn(process.execPath, [program, 'serve', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const firstLine = once(createInterface(child.stdout), 'line')
  const started = await Promise.race([firstLine, ended])
  // What listens prints a line, what ends says how.
  const uri = /mongodb:\/\/\S+/.exec(String(started[0]))?.[0]
  if (uri === undefined) throw new Error(`the server ended with ${started.join(' ')}: ${printed}`)
  return {
    uri,
    port: Number(new URL(uri).port),
    async stop() {
      child.kill('SIGTERM')
      const [code, signal] = await ended
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal}: ${printed}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/**
 * Starts a server at a port that its successors can have too. It lies below those that the system hands out: a client that
 * tries again and again to reach a server that is not there may be given the server's own port, and so keep it for itself.
 */
export async function startServerProcessAgainable(args: readonly string[]): Promise<ServerProcess> {
  for (let tries = 1; ; tries++) {
    try {
      return await startServerProcess(['--port', `${randomInt(20_000, 32_000)}`, ...args])
    } catch (error) {
      if (tries === 10 || !String(error).includes('cannot listen')) throw error
    }
  }
}
