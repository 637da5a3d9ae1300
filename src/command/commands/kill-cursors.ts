/** Closes cursors by their ids. */
import type { Command } from '../command.ts'
import { collectionName, int64, many, readFields } from '../fields.ts'

const table = { killCursors: collectionName, cursors: many(int64) }

export const command: Command = {
  name: 'killCursors',
  inApiVersion1: true,
  transactional: 'later statement',
  run(request, { cursors }) {
    const { killCursors, cursors: ids } = readFields(request, table)
    const killed = ids.filter(id => cursors.kill(id, `${request.db}.${killCursors}`))
    return {
      cursorsKilled: killed,
      cursorsNotFound: ids.filter(id => !killed.includes(id)),
      cursorsAlive: [],
      cursorsUnknown: [],
    }
  },
}
