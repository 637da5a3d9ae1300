/** Drops all collections of a database. */
import { CommandError } from '../../base/errors.ts'
import { dropDatabase } from '../../collection/ddl.ts'
import { requireDatabaseName } from '../../collection/namespace.ts'
import type { Command } from '../command.ts'
import { anything, readFields } from '../fields.ts'

export const command: Command = {
  name: 'dropDatabase',
  inApiVersion1: true,
  async run(request, { store, maintenance }) {
    readFields(request, { dropDatabase: anything })
    requireDatabaseName(request.db)
    if (request.db === 'local') {
      throw new CommandError('IllegalOperation', "Cannot drop 'local' database while replication is active")
    }
    const wasThere = await dropDatabase(store, request.db)
    if (wasThere) maintenance.poke()
    return { dropped: wasThere ? request.db : undefined }
  },
}
