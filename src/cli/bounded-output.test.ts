import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { BoundedOutput } from './bounded-output.ts'

/** Takes what it is given when a test lets it. */
class SlowStream extends Writable {
  readonly taken: string[] = []
  #waiting: (() => void)[] = []
  isOpen = false

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = () => {
      this.taken.push(chunk.toString())
      done()
    }
    if (this.isOpen) take()
    else this.#waiting.push(take)
  }

  open(): void {
    this.isOpen = true
    for (const take of this.#waiting.splice(0)) take()
  }
}

const line = (number: number) => `${number} ${'x'.repeat(997)}\n`

function outputTo(stream: Writable, env = new ManualEnv()) {
  const dropped: number[] = []
  const onRoom = (count: number) => void dropped.push(count)
  return { output: new BoundedOutput(stream, { bytesMax: 50_000, env, onRoom }), dropped }
}

test('what waits is bounded, what does not fit is counted, and there is room again when it was taken', async () => {
  const stream = new SlowStream()
  const { output, dropped } = outputTo(stream)
  for (let number = 10; number < 99; number++) output.write(line(number))
  expect(stream.writableLength).toBeLessThanOrEqual(50_000)
  expect([stream.taken, dropped]).toEqual([[], []])
  stream.open()
  expect(await output.flush(1000)).toBe(true)
  await new Promise(resolve => setImmediate(resolve))
  const takenCount = stream.taken.filter(text => text !== '').length
  expect(dropped).toEqual([89 - takenCount])
  output.write('another\n')
  await output.flush(1000)
  expect(stream.taken).toContain('another\n')
  expect(dropped).toHaveLength(1)
})

test('a flush waits until all is written, and not for ever', async () => {
  const env = new ManualEnv()
  const stream = new SlowStream()
  const { output } = outputTo(stream, env)
  expect(await output.flush(1000)).toBe(true)
  output.write(line(10))
  const flushed = output.flush(1000)
  await env.advance(1000)
  expect(await flushed).toBe(false)
  const again = output.flush(1000)
  stream.open()
  expect(await again).toBe(true)
  expect(env.timerCount).toBe(0)
})

test('a stream that breaks is written to no more, and nobody fails for it', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the pipe is gone')) })
  const { output } = outputTo(stream)
  output.write('one\n')
  await new Promise(resolve => setImmediate(resolve))
  output.write('two\n')
  expect(await output.flush(1000)).toBe(true)
})
