/** What goes on at this moment, as far as it matches the request's other fields; with $all what is idle too. */
import { CommandError } from '../../base/errors.ts'
import { documentBytesMax } from '../../base/limits.ts'
import { documentOf } from '../../bson/encode.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
import { currentOperations } from '../current-operations.ts'
import { bool, freeFields } from '../fields.ts'

export const command: Command = {
  name: 'currentOp',
  adminOnly: true,
  async run(request, context) {
    const fields = freeFields(request)
    let isAll = false
    for (const [name, value] of fields) {
      if (name === '$all') isAll = bool(value, name)
      // There are no users whose own operations could be told apart.
      if (name === '$ownOps') bool(value, name)
    }
    const filter = documentOf(fields.filter(([name]) => name !== '$all' && name !== '$ownOps'))
    const matches = compileMatch(filter, {})
    const inprog: Uint8Array[] = []
    let bytes = 0
    const options = { idleConnections: isAll, idleCursors: isAll, idleSessions: true, truncates: true }
    for await (const described of currentOperations(context, options)) {
      if (!matches(described)) continue
      inprog.push(described)
      bytes += described.length
      if (bytes > documentBytesMax) {
        throw new CommandError(
          'BSONObjectTooLarge',
          'more goes on than fits into one reply: the aggregation stage $currentOp gives it in batches',
        )
      }
    }
    return { inprog }
  },
}
