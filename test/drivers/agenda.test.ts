/** Agenda with its MongoDB backend: a job that one instance schedules is run by another, which is told by a change stream. */
import { Agenda } from 'agenda'
import { MongoBackend, MongoChangeStreamNotificationChannel } from '@agendajs/mongo-backend'
import { MongoClient } from 'mongodb'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { deployments, type Running } from './deployments.ts'
import { openStreams } from './open-streams.ts'

describe.each(deployments)('with $name', deployment => {
  let running: Running
  const clients: MongoClient[] = []
  let agendas: Agenda[] = []

  beforeAll(async () => {
    running = await deployment.start()
  })

  afterEach(async () => {
    for (const agenda of agendas) await agenda.stop()
    agendas = []
  })

  afterAll(async () => {
    for (const client of clients) await client.close()
    await running.close()
  })

  async function connect(): Promise<MongoClient> {
    const client = await new MongoClient(running.uri).connect()
    clients.push(client)
    return client
  }

  /** An instance with a connection of its own, which looks for jobs by itself once an hour. */
  async function open(dbName: string, options: { notified: boolean }): Promise<Agenda> {
    const db = (await connect()).db(dbName)
    const channel = options.notified ? { notificationChannel: new MongoChangeStreamNotificationChannel({ db }) } : {}
    const agenda = new Agenda({ backend: new MongoBackend({ mongo: db }), processEvery: '1 hour', ...channel })
    agendas.push(agenda)
    await agenda.ready
    return agenda
  }

  test('a job that is due now runs at once on the instance that knows it', async () => {
    const worker = await open('now', { notified: true })
    const ran = new Promise<unknown>(resolve => {
      worker.define('cook', async job => resolve(job.attrs.data))
    })
    await worker.start()
    await openStreams(await connect(), 'now.agendaJobs', 1)
    const planner = await open('now', { notified: false })
    await planner.now('cook', { dish: 'stew' })
    expect(await ran).toEqual({ dish: 'stew' })
  })

  test('a job that is put forward by an update runs too, and several workers run each job once', async () => {
    const done: string[] = []
    let finish = (): void => undefined
    const finished = new Promise<void>(resolve => (finish = resolve))
    for (const name of ['first', 'second']) {
      const worker = await open('shared', { notified: true })
      worker.define('serve', async job => {
        done.push((job.attrs.data as { table: string }).table)
        if (done.length === 21) finish()
        return name
      })
      await worker.start()
    }
    await openStreams(await connect(), 'shared.agendaJobs', 2)
    const planner = await open('shared', { notified: false })
    const later = await planner.schedule('in 2 hours', 'serve', { table: 'later' })
    const tables = Array.from({ length: 20 }, (_, number) => `table ${number}`)
    await Promise.all(tables.map(table => planner.now('serve', { table })))
    later.schedule(new Date())
    await later.save()
    await finished
    expect(done.toSorted()).toEqual([...tables, 'later'].toSorted())
  })
})
