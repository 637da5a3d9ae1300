/** Checkpoints of a real journal into a real LMDB environment. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { journaledBytesMax, journaledGroupCountMax } from '../../base/limits.ts'
import { Changes } from '../changes.ts'
import { Checkpoints, type JournaledGroup } from './checkpoints.ts'
import { createEnvironment, Environment } from './environment.ts'
import { encodeJournalHead, saltBytes } from './journal-record.ts'
import { Journal } from './journal.ts'

const root = mkdtempSync(join(tmpdir(), 'tailrace-checkpoints-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const key = Buffer.from('key')
let folderCount = 0

/** Runs with checkpoints over empty data; `onStored` is told of every group that is stored. */
async function withCheckpoints(
  onStored: (group: JournaledGroup, environment: Environment) => void,
  run: (checkpoints: Checkpoints, environment: Environment) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(root, `${(folderCount += 1)}-`))
  await createEnvironment(folder)
  const path = join(folder, 'journal')
  writeFileSync(path, encodeJournalHead(new Uint8Array(saltBytes)))
  const environment = new Environment(folder)
  const journal = new Journal(path, 0n)
  const checkpoints = new Checkpoints({ environment, journal, onStored: group => onStored(group, environment) })
  try {
    await run(checkpoints, environment)
  } finally {
    await checkpoints.all()
    journal.close()
    await environment.close()
  }
}

/** A group that puts its number under the key. */
function group(number: number, bytes = 100): JournaledGroup {
  const changes = new Changes()
  changes.add('records', { key, value: Buffer.from(`${number}`) })
  return { number: BigInt(number), changes, logWrites: [], newest: undefined, bytes }
}

const valueIn = (reader: { get(space: 'records', of: Uint8Array): Uint8Array | undefined }) =>
  Number(Buffer.from(reader.get('records', key) ?? '0').toString())

test('whoever is told that a group is stored finds it in the view', async () => {
  const seen: [number, number][] = []
  await withCheckpoints(
    ({ number }, { view }) => seen.push([Number(number), valueIn(view)]),
    async checkpoints => {
      checkpoints.add(group(1))
      await checkpoints.all()
      checkpoints.add(group(2))
      checkpoints.add(group(3))
      await checkpoints.all()
    },
  )
  expect(seen).toEqual([
    [1, 1],
    [2, 3],
    [3, 3],
  ])
})

test('a group is stored some time after it was added, by itself', async () => {
  let stored = (): void => undefined
  const done = new Promise<void>(resolve => (stored = resolve))
  await withCheckpoints(stored, async (checkpoints, environment) => {
    checkpoints.add(group(1))
    expect([valueIn(checkpoints.state), valueIn(environment.view)]).toEqual([1, 0])
    await done
    expect([valueIn(checkpoints.state), valueIn(environment.view)]).toEqual([1, 1])
    expect(environment.journalNumber).toBe(1n)
  })
})

test('what is added while a checkpoint is being made is stored too, without anybody asking for it', async () => {
  let checkpoints: Checkpoints | undefined
  let stored = (): void => undefined
  const done = new Promise<void>(resolve => (stored = resolve))
  const onStored = ({ number }: JournaledGroup) => {
    // As soon as there is nothing left to store, which is just when a checkpoint ends.
    if (number < 5n) checkpoints?.add(group(Number(number) + 1))
    else stored()
  }
  await withCheckpoints(onStored, async (made, environment) => {
    checkpoints = made
    made.add(group(1))
    await done
    expect(valueIn(environment.view)).toBe(5)
  })
})

test('there is room for so many bytes and so many groups, and again when they are stored', async () => {
  await withCheckpoints(
    () => undefined,
    async checkpoints => {
      expect([checkpoints.hasRoomFor(journaledBytesMax), checkpoints.hasRoomFor(journaledBytesMax + 1)]).toEqual([
        true,
        false,
      ])
      for (let number = 1; number <= journaledGroupCountMax; number += 1) {
        expect(checkpoints.hasRoomFor(1)).toBe(true)
        checkpoints.add(group(number, 0))
      }
      expect(checkpoints.hasRoomFor(0)).toBe(false)
      await checkpoints.all()
      expect(checkpoints.hasRoomFor(journaledBytesMax)).toBe(true)
      checkpoints.add(group(journaledGroupCountMax + 1, journaledBytesMax - 10))
      expect([checkpoints.hasRoomFor(10), checkpoints.hasRoomFor(11)]).toEqual([true, false])
    },
  )
})

test('a state that somebody holds stays as it was, through checkpoints and later groups', async () => {
  await withCheckpoints(
    () => undefined,
    async checkpoints => {
      checkpoints.add(group(1))
      checkpoints.add(group(2))
      const held = checkpoints.state
      held.view.retain()
      checkpoints.add(group(3))
      expect(valueIn(held)).toBe(2)
      await checkpoints.all()
      checkpoints.add(group(4))
      expect([valueIn(held), valueIn(checkpoints.state)]).toEqual([2, 4])
      held.view.release()
    },
  )
})
