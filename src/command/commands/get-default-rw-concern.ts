/** What reads and writes ask for when they say nothing. It cannot be changed. */
import type { Command } from '../command.ts'
import { bool, optional, readFields } from '../fields.ts'

export const command: Command = {
  name: 'getDefaultRWConcern',
  adminOnly: true,
  run(request) {
    readFields(request, { inMemory: optional(bool) })
    return {
      defaultReadConcern: { level: 'local' },
      defaultWriteConcern: { w: 'majority', wtimeout: 0 },
      defaultWriteConcernSource: 'implicit',
      defaultReadConcernSource: 'implicit',
    }
  },
}
