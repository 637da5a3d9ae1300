import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { sessionIdleMinutesMax } from '../base/limits.ts'
import { sessionKeyOf, Sessions } from './sessions.ts'

const minuteMs = 60_000
const lsid = (number: number) => Buffer.alloc(16, number)

function start({ countMax = 10 } = {}) {
  const env = new ManualEnv()
  const ended: string[] = []
  return { env, ended, sessions: new Sessions(env, key => ended.push(key), { countMax }) }
}

test('a session lives as long as it is used', async () => {
  const { env, ended, sessions } = start()
  for (let minutes = 0; minutes < 3 * sessionIdleMinutesMax; minutes += 10) {
    sessions.touch(lsid(1))
    await env.advance(10 * minuteMs)
  }
  expect([sessions.count, ended]).toEqual([1, []])
})

test('a session that nobody used for its idle time ends', async () => {
  const { env, ended, sessions } = start()
  sessions.touch(lsid(1))
  await env.advance(20 * minuteMs)
  sessions.touch(lsid(2))
  await env.advance((sessionIdleMinutesMax - 18) * minuteMs)
  expect([sessions.count, ended]).toEqual([1, [sessionKeyOf(lsid(1))]])
})

test('there is a timer only while there are sessions', async () => {
  const { env, sessions } = start()
  expect(env.timerCount).toBe(0)
  sessions.touch(lsid(1))
  sessions.touch(lsid(2))
  expect(env.timerCount).toBe(1)
  sessions.end(lsid(1))
  sessions.end(lsid(2))
  expect(env.timerCount).toBe(0)
  sessions.touch(lsid(3))
  await env.advance(2 * sessionIdleMinutesMax * minuteMs)
  expect(env.timerCount).toBe(0)
})

test('what belongs to a session is let go even if the session is not known', () => {
  const { ended, sessions } = start()
  sessions.end(lsid(1))
  expect(ended).toEqual([sessionKeyOf(lsid(1))])
})

test('a session begins anew after its end', () => {
  const { sessions } = start()
  sessions.touch(lsid(1))
  sessions.endAll()
  expect(sessions.count).toBe(0)
  sessions.touch(lsid(1))
  expect(sessions.count).toBe(1)
})

test('one session more than allowed is refused, those that are there go on', () => {
  const { sessions } = start({ countMax: 1 })
  sessions.touch(lsid(1))
  expect(() => sessions.touch(lsid(2))).toThrow(expect.objectContaining({ codeName: 'TooManyLogicalSessions' }))
  sessions.touch(lsid(1))
  expect(sessions.count).toBe(1)
})

test('no timer is left behind by a close', () => {
  const { env, sessions } = start()
  sessions.touch(lsid(1))
  sessions.close()
  sessions.touch(lsid(2))
  expect(env.timerCount).toBe(0)
})

test('the key of a session is made of its own sixteen bytes only', () => {
  const own = Buffer.from('00017f80ff0a0d22275cc3a9fffe00ee', 'hex')
  const buffer = Buffer.concat([Buffer.alloc(16, 9), own, Buffer.alloc(16, 9)])
  expect(sessionKeyOf(buffer.subarray(16, 32))).toBe(own.toString('latin1'))
  expect(own).toHaveLength(16)
})

test('each session is told by the bytes of its id', () => {
  const { sessions } = start()
  const id = Buffer.from('00017f80ff0a0d22275cc3a9fffe00ee', 'hex')
  sessions.touch(id)
  expect(Array.from(sessions.all(), session => session.lsid)).toEqual([id])
})
