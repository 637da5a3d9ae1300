/** Says how a query would be run: by _id, or by a scan of the collection. */
import { encodeDocument, type Encodable } from '../../bson/encode.ts'
import { firstElement, getField } from '../../bson/reader.ts'
import { documentBytes, isDocument, isString, toText, type Value } from '../../bson/value.ts'
import { CommandError } from '../../base/errors.ts'
import { parseCollation } from '../../bson/collation.ts'
import { idsOf } from '../../query/plan.ts'
import type { Command } from '../command.ts'
import { document, oneOf, optional, readFields } from '../fields.ts'
import { emptyFilter } from '../statements.ts'

const table = {
  explain: document,
  verbosity: optional(oneOf('queryPlanner', 'executionStats', 'allPlansExecution'), 'queryPlanner'),
}

export const command: Command = {
  name: 'explain',
  inApiVersion1: true,
  run(request, { facts }) {
    const { explain, verbosity } = readFields(request, table)
    if (verbosity !== 'queryPlanner') {
      throw new CommandError('NotImplemented', `'explain.verbosity: ${verbosity}' is not supported yet`)
    }
    const body = documentBytes(explain)
    const [name, target] = firstElement(explain) ?? ['', emptyFilter]
    const filter = filterOf(name, body)
    const collation = getField(body, 'collation')
    const ids = idsOf(filter, parseCollation(isDocument(collation) ? collation : undefined))
    const stage: Record<string, Encodable> =
      ids === undefined ? { stage: 'COLLSCAN', direction: 'forward' } : { stage: 'IDHACK' }
    return {
      explainVersion: '1',
      queryPlanner: {
        namespace: `${request.db}.${isString(target) ? toText(target) : ''}`,
        parsedQuery: filter,
        winningPlan: stage,
        rejectedPlans: [],
      },
      command: encodeDocument({ ...Object.fromEntries([[name, target]]), $db: request.db }),
      serverInfo: { version: facts.version },
    }
  },
}

/** The filter of the explained command. @throws CommandError for a command that cannot be explained. */
function filterOf(name: string, body: Uint8Array): Value {
  switch (name) {
    case 'find':
      return documentField(body, 'filter')
    case 'count':
    case 'distinct':
    case 'findAndModify':
    case 'findandmodify':
      return documentField(body, 'query')
    case 'update':
    case 'delete': {
      const statements = getField(body, `${name}s`)
      const first = statements && firstElement(statements)?.[1]
      return isDocument(first) ? documentField(documentBytes(first), 'q') : emptyFilter
    }
    case 'aggregate': {
      const pipeline = getField(body, 'pipeline')
      const first = pipeline && firstElement(pipeline)?.[1]
      return isDocument(first) ? documentField(documentBytes(first), '$match') : emptyFilter
    }
    default:
      throw new CommandError('CommandNotFound', `Explain failed due to unknown command: ${name}`)
  }
}

function documentField(body: Uint8Array, name: string): Value {
  const value = getField(body, name)
  return isDocument(value) ? value : emptyFilter
}
