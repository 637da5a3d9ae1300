/** Every write is durable before it is answered, so there is nothing left to flush. */
import type { Command } from '../command.ts'
import { bool, falsy, notSupported, optional, readFields } from '../fields.ts'

export const command: Command = {
  name: 'fsync',
  adminOnly: true,
  run(request) {
    readFields(request, {
      lock: notSupported(falsy),
      async: optional(bool),
      fsyncLockAcquisitionTimeoutMillis: notSupported(),
    })
    return { numFiles: 1 }
  },
}
