import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Env, systemEnv } from '../base/env.ts'
import { msg } from '../wire/request.suite.ts'
import type { Reply } from './connection.ts'
import { echo, gate, RawClient, reply, serve } from './raw-client.suite.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-'))
  folders.push(folder)
  return join(folder, 'server.sock')
}

/** Waits until `claim` is true, looking again after every event of the process. */
async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await new Promise(resolve => setImmediate(resolve))
}

test('every host gets the same free port', async () => {
  const { listener } = await serve(echo, { hosts: ['127.0.0.1', '127.0.0.2'] })
  const port = listener.port ?? 0
  expect(port).toBeGreaterThan(0)
  expect(listener.addresses).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`])
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    const client = await RawClient.to({ host, port })
    expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
  }
})

test('a client is told the address that it came to, not the one that is listened on', async () => {
  const { listener } = await serve((_request, { reachedAt }) => reply({ reachedAt }), { hosts: ['0.0.0.0'] })
  const client = await RawClient.to({ host: '127.0.0.3', port: listener.port ?? 0 })
  expect(await client.ask({ hello: 1 })).toEqual({ reachedAt: `127.0.0.3:${listener.port}` })
})

test('an IPv4 client of an IPv6 socket is shown as IPv4', async context => {
  const server = await serve((_request, { reachedAt }) => reply({ reachedAt }), { hosts: ['::'] }).catch(
    () => undefined,
  )
  if (server === undefined) return context.skip('this machine has no IPv6')
  const client = await RawClient.to({ host: '127.0.0.1', port: server.listener.port ?? 0 })
  expect(await client.ask({ hello: 1 })).toEqual({ reachedAt: `127.0.0.1:${server.listener.port}` })
})

test('a Unix socket is reached by its path, and only by its owner', async () => {
  const path = socketPath()
  const { listener } = await serve((_request, { reachedAt, remoteAddress }) => reply({ reachedAt, remoteAddress }), {
    hosts: [],
    socketPath: path,
  })
  expect([listener.addresses, listener.port]).toEqual([[path], undefined])
  const client = await RawClient.to({ path })
  expect(await client.ask({ hello: 1 })).toEqual({ reachedAt: path, remoteAddress: 'unix' })
  expect(statSync(path).mode & 0o777).toBe(0o700)
  await listener.close({ waitMs: 0 })
  expect(existsSync(path)).toBe(false)
})

test('the socket that a killed process left is replaced', async () => {
  const path = socketPath()
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
  expect(statSync(path).isSocket()).toBe(true)
  await serve(echo, { hosts: [], socketPath: path })
  const client = await RawClient.to({ path })
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
})

test('a socket that somebody answers at is refused, and still answers', async () => {
  const path = socketPath()
  await serve(echo, { hosts: [], socketPath: path })
  await expect(serve(echo, { hosts: [], socketPath: path })).rejects.toThrow(
    `cannot listen on ${path}: another process is listening there`,
  )
  const client = await RawClient.to({ path })
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
})

test('a file that is no socket is refused and left alone', async () => {
  const path = socketPath()
  writeFileSync(path, 'precious')
  await expect(serve(echo, { hosts: [], socketPath: path })).rejects.toThrow(`cannot listen on ${path}`)
  expect(statSync(path).size).toBe(8)
})

test('an address that is taken is refused by name, and nothing else is listened on', async () => {
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, '127.0.0.2', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await expect(serve(echo, { hosts: ['127.0.0.1', '127.0.0.2'], port })).rejects.toThrow(
      `cannot listen on 127.0.0.2:${port}: `,
    )
    await expect(RawClient.to({ host: '127.0.0.1', port })).rejects.toThrow('ECONNREFUSED')
  } finally {
    await new Promise(resolve => other.close(resolve))
  }
})

test('connections are counted', async () => {
  const { connect: open, listener, counters } = await serve(echo)
  const clients = await Promise.all(Array.from({ length: 5 }, open))
  await Promise.all(clients.map(client => client.ask({ ping: 1 })))
  expect([listener.connectionCount, counters.connections]).toEqual([5, { current: 5, created: 5 }])
  for (const client of clients.slice(0, 3)) client.socket.destroy()
  await until(() => listener.connectionCount === 2)
  expect(counters.connections).toEqual({ current: 2, created: 5 })
})

test('two thousand clients are served at once, and silent ones cost nothing', async () => {
  const path = socketPath()
  const { listener } = await serve(echo, { socketPath: path })
  const clients = await Promise.all(Array.from({ length: 2000 }, () => RawClient.to({ path })))
  await until(() => listener.connectionCount === 2000)
  const answers = await Promise.all(clients.map((client, n) => client.ask({ ping: n })))
  expect(answers.map(({ asked }) => asked.ping)).toEqual(clients.map((_, n) => n))
  await listener.close({ waitMs: 0 })
  await Promise.all(clients.map(client => client.closed))
})

test('closing lets a running request finish, and closes the idle connections at once', async () => {
  const [begun, end] = [gate(), gate()]
  const { connect: open, listener } = await serve(async () => {
    begun.open()
    await end.promise
    return reply({ ok: 1 })
  })
  const [busy, idle] = [await open(), await open()]
  busy.send(msg({ ping: 1 }))
  await begun.promise
  const closed = listener.close({ waitMs: 600_000 })
  await idle.closed
  await expect(RawClient.to({ host: '127.0.0.1', port: listener.port ?? 0 })).rejects.toThrow('ECONNREFUSED')
  end.open()
  expect(await busy.document()).toEqual({ ok: 1 })
  await closed
  await busy.closed
})

test('closing takes up no request that came after the running one', async () => {
  const [begun, end] = [gate(), gate()]
  let handled = 0
  const { connect: open, listener } = await serve(async () => {
    handled++
    begun.open()
    await end.promise
    return reply({ ok: 1 })
  })
  const client = await open()
  client.send(msg({ ping: 1 }), msg({ ping: 2 }))
  await begun.promise
  const closed = listener.close({ waitMs: 600_000 })
  end.open()
  expect(await client.document()).toEqual({ ok: 1 })
  expect(await client.next()).toBe('closed')
  await closed
  expect(handled).toBe(1)
})

test('closing aborts what takes too long', async () => {
  const begun = gate()
  const waits: [waitMs: number, callback: () => void][] = []
  const env: Env = {
    ...systemEnv,
    after(waitMs, callback) {
      waits.push([waitMs, callback])
      return { cancel: () => {} }
    },
  }
  const { connect: open, listener } = await serve(
    (_request, { signal }) =>
      new Promise<Reply>(resolve => {
        signal.addEventListener('abort', () => resolve(reply({ ok: 0 })))
        begun.open()
      }),
    { env },
  )
  const client = await open()
  client.send(msg({ getMore: 1 }))
  await begun.promise
  const closed = listener.close({ waitMs: 5000 })
  expect(waits.map(([waitMs]) => waitMs)).toEqual([5000])
  waits[0]?.[1]()
  await closed
  expect(await client.next()).toBe('closed')
})

test('closing does not wait for replies that follow each other', async () => {
  const { connect: open, listener } = await serve((_request, { signal }) =>
    reply(
      { ok: 1 },
      () => new Promise<Reply>(resolve => signal.addEventListener('abort', () => resolve(reply({ ok: 0 })))),
    ),
  )
  const client = await open()
  client.send(msg({ hello: 1 }, { flags: 0x10000 }))
  expect(await client.document()).toEqual({ ok: 1 })
  await listener.close({ waitMs: 600_000 })
  expect(await client.next()).toBe('closed')
})

test('a client that leaves before it is looked at does no harm', async () => {
  const { connect: open, listener } = await serve(echo)
  for (let n = 0; n < 50; n++) {
    const socket = connect(listener.port ?? 0, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('connect', () => socket.resetAndDestroy())
  }
  const client = await open()
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
  await until(() => listener.connectionCount === 1)
})
