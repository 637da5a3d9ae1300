/** Where reading begins, in a log that lies on a disk. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { engine as embedded } from '../storage/engines/embedded.ts'
import { justBefore } from '../oplog/cluster-time.ts'

test('everything at a time is behind the place just before it, also in a log that was opened anew', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tailrace-start-'))
  const options = { path, nextTime: (previous: bigint) => previous + 1n, newDeploymentId: () => new Uint8Array(16) }
  const first = await embedded.open(options)
  for (let time = 1; time <= 3; time++) await first.write(transaction => transaction.append(Uint8Array.of(time)))
  await first.close()
  // What was appended before is read from the disk, by keys.
  const again = await embedded.open(options)
  const entries = await again.log.readAfter(justBefore(2n), { bytesMax: 1000 })
  expect(entries.map(({ position }) => position.time)).toEqual([2n, 3n])
  await again.close()
  await rm(path, { recursive: true })
})
