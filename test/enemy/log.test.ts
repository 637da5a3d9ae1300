/** Nobody reads what the server logs: it goes on, drops lines and says how many, and ends when it is told to. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { Peer } from './peer.ts'
import { ask, program } from './victim.ts'

/** A server whose standard error is a pipe that nobody reads. */
async function startUnread(): Promise<{ child: ChildProcess; port: number; exited: Promise<unknown[]> }> {
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--storage', 'memory'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, port: Number(/127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]), exited }
}

/** Each connection that sends bytes which are no message is worth a line of about a thousand bytes. */
async function makeLines(port: number, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 50) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const peer = await Peer.to({ host: '127.0.0.1', port })
        peer.send(Buffer.alloc(64, 0xff))
        await peer.closed
      }),
    )
  }
}

test('a full pipe holds nobody up, and what was dropped is counted when somebody reads again', async () => {
  const { child, port, exited } = await startUnread()
  await makeLines(port, 3000)
  const client = await Peer.to({ host: '127.0.0.1', port })
  expect(await ask(client, { insert: 'c', documents: [{ _id: 1 }] })).toMatchObject({ ok: 1, n: 1 })
  const { log } = await ask(client, { getLog: 'global', $db: 'admin' })
  expect(log.length).toBe(1024)
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', chunk => (text += chunk))
  const lines = () => text.split('\n').filter(line => line !== '')
  while (!text.includes('were dropped')) await new Promise(resolve => setImmediate(resolve))
  const told = lines().find(line => line.includes('were dropped')) ?? ''
  const { count } = JSON.parse(told).attr as { count: number }
  expect(count).toBeGreaterThan(0)
  expect(lines().filter(line => line.includes('not understood')).length + count).toBe(3000)
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  expect(lines().at(-1)).toContain('closing')
}, 60_000)

test('a server whose log nobody reads ends when it is told to', async () => {
  const { child, port, exited } = await startUnread()
  await makeLines(port, 500)
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
