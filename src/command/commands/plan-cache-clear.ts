/** No plan is kept, so none is cleared. */
import type { Command } from '../command.ts'
import { collectionName, readFields, withoutEffect } from '../fields.ts'

const table = {
  planCacheClear: collectionName,
  query: withoutEffect, // Of the plan, of which there is none.
  sort: withoutEffect, // Of the plan, of which there is none.
  projection: withoutEffect, // Of the plan, of which there is none.
  collation: withoutEffect, // Of the plan, of which there is none.
}

export const command: Command = {
  name: 'planCacheClear',
  run(request) {
    readFields(request, table)
    return {}
  },
}
