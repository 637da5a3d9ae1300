/** A server in a process of its own, with all that it prints, and plain clients for it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Document, Long, serialize } from 'bson'
import { afterAll } from 'vitest'
import { bodySection, msgOf } from '../../src/wire/request.suite.ts'
import { Peer } from './peer.ts'

export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** A folder that is gone when the file's tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-enemy-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Of standard error. */
  readonly printed: string
}

export class Victim {
  readonly child: ChildProcess
  readonly port: number
  readonly ended: Promise<Ended>
  readonly #printed: () => string

  private constructor(child: ChildProcess, port: number, ended: Promise<Ended>, printed: () => string) {
    this.child = child
    this.port = port
    this.ended = ended
    this.#printed = printed
  }

  /** Resolves with the server when it listens, with how it ended when it does not. */
  static async start(args: readonly string[], nodeArgs: readonly string[] = []): Promise<Victim | Ended> {
    const child = spawn(process.execPath, [...nodeArgs, program, 'serve', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
    const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, printed }))
    const line = once(createInterface(child.stdout), 'line').then(String)
    const first = await Promise.race([line, ended])
    if (typeof first !== 'string') return first
    return new Victim(child, Number(/127\.0\.0\.1:(\d+)/.exec(first)?.[1]), ended, () => printed)
  }

  /** @throws Error when it does not start. */
  static async on(folder: string, args: readonly string[] = []): Promise<Victim> {
    const victim = await Victim.start(['--port', '0', '--dbpath', folder, ...args])
    if (victim instanceof Victim) return victim
    throw new Error(`it ended with ${victim.code ?? victim.signal}: ${victim.printed}`)
  }

  connect(): Promise<Peer> {
    return Peer.to({ host: '127.0.0.1', port: this.port })
  }

  /** What it logged as an error, or printed by itself: nothing, as long as there is no bug. */
  get complaints(): string[] {
    return this.#printed()
      .split('\n')
      .filter(line => line !== '' && !/^\{"s":"[DIW]/.test(line))
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal)
    return this.ended
  }
}

/** Asks a command of `$db`, `test` if it names none. */
export async function ask(client: Peer, command: Document): Promise<Document> {
  client.send(message(command))
  return client.document()
}

/** The command's name is its first field, so `$db` goes to the end. */
export const message = (command: Document): Buffer =>
  msgOf([bodySection(serialize({ ...command, $db: command.$db ?? 'test' }, { ignoreUndefined: true }))])

/** A change stream as a client keeps it, without a driver's help. */
export class Watch {
  readonly #client: Peer
  readonly #coll: string
  readonly id: Long
  /** Events of the first batch, until they are taken. */
  #first: Document[]

  private constructor(client: Peer, coll: string, { id, firstBatch }: Document) {
    this.#client = client
    this.#coll = coll
    this.id = Long.fromValue(id)
    this.#first = firstBatch
  }

  static async open(client: Peer, coll: string, stage: Document = {}): Promise<Watch> {
    const { cursor } = await ask(client, { aggregate: coll, pipeline: [{ $changeStream: stage }], cursor: {} })
    return new Watch(client, coll, cursor)
  }

  /** The message of a getMore that waits so long. */
  more(maxTimeMS: number, batchSize?: number): Document {
    return { getMore: this.id, collection: this.#coll, maxTimeMS, batchSize }
  }

  /** The next `count` events, or more if they come together. */
  async take(count: number): Promise<Document[]> {
    const events = this.#first
    this.#first = []
    while (events.length < count) {
      const { cursor, errmsg } = await ask(this.#client, this.more(5000))
      if (cursor === undefined) throw new Error(errmsg)
      if (cursor.nextBatch.length === 0) break
      events.push(...cursor.nextBatch)
    }
    return events
  }
}

/** Asks until the answer is as it should be. @throws Error when it never is. */
export async function until<T>(look: () => Promise<T>, isRight: (found: T) => boolean, within = 10_000): Promise<T> {
  const endMs = performance.now() + within
  for (;;) {
    const found = await look()
    if (isRight(found)) return found
    if (performance.now() > endMs) throw new Error(`it stays ${JSON.stringify(found)}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
