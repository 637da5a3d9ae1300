/** Says how a query would be run, by _id or by a scan of the collection, and what that costs: then it is run. */
import { encodeDocument, type Encodable } from '../../bson/encode.ts'
import { firstElement, getField, itemsOf } from '../../bson/reader.ts'
import { documentBytes, isArray, isDocument, isString, toText, type Value } from '../../bson/value.ts'
import { CommandError } from '../../base/errors.ts'
import { parseCollation } from '../../bson/collation.ts'
import { showNamespace } from '../../collection/namespace.ts'
import { idsOf } from '../../query/plan.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { boundsOf, measureRead } from '../execution-stats.ts'
import { document, oneOf, optional, readFields } from '../fields.ts'
import { findReadSource, stageOf } from '../read-source.ts'
import { emptyFilter } from '../statements.ts'

const table = {
  explain: document,
  verbosity: optional(oneOf('queryPlanner', 'executionStats', 'allPlansExecution'), 'queryPlanner'),
}

export const command: Command = {
  name: 'explain',
  inApiVersion1: true,
  async run(request, context) {
    const { facts, store } = context
    const { explain, verbosity } = readFields(request, table)
    const body = documentBytes(explain)
    const [name, target] = firstElement(explain) ?? ['', emptyFilter]
    if (verbosity !== 'queryPlanner' && writes.has(name)) {
      throw new CommandError('NotImplemented', `'explain.verbosity: ${verbosity}' of ${name} is not supported yet`)
    }
    const stages = name === 'aggregate' ? stagesOf(body) : []
    const asked = name === 'aggregate' ? firstMatch(stages) : filterOf(name, body)
    const following = isMatch(stages[0]) ? stages.slice(1) : stages
    const given = getField(body, 'collation')
    const named = { db: request.db, coll: isString(target) ? toText(target) : '' }
    const source = await findReadSource(store, named, isDocument(given) ? given : undefined)
    const { namespace, pipeline, collation } = source
    // Behind a view the collection is asked with the view's own filter, and the command's comes after it.
    const filter = pipeline === undefined ? asked : firstMatch(pipeline)
    const ids = idsOf(filter, parseCollation(collation))
    const queryPlanner = {
      namespace: showNamespace(namespace),
      parsedQuery: filter,
      winningPlan: ids === undefined ? { stage: 'COLLSCAN', direction: 'forward' } : { stage: 'IDHACK' },
      rejectedPlans: [],
    }
    const plan: Record<string, Encodable> = { queryPlanner }
    if (verbosity !== 'queryPlanner') {
      const variables = getField(body, 'let')
      const compile = compileContext(context, { collation, let: isDocument(variables) ? variables : undefined })
      const bounds = pipeline === undefined && name !== 'aggregate' ? boundsOf(body) : unbounded
      const stats = await measureRead(store, { namespace, filter, ...bounds }, compile)
      plan['executionStats'] = verbosity === 'allPlansExecution' ? { ...stats, allPlansExecution: [] } : stats
    }
    return {
      explainVersion: '1',
      ...(pipeline === undefined && following.length === 0
        ? plan
        : {
            stages: [{ $cursor: plan }, ...(pipeline ? [...pipeline, stageOf('$match', asked)] : []), ...following],
          }),
      command: encodeDocument({ ...Object.fromEntries([[name, target]]), $db: request.db }),
      serverInfo: { version: facts.version },
    }
  },
}

/** Whose costs are not to be had without doing what they do. */
const writes: ReadonlySet<string> = new Set(['update', 'delete', 'findAndModify', 'findandmodify'])

/** What stands in front of a pipeline is read as far as the pipeline asks, at the most to its end. */
const unbounded = { skip: 0, limit: Infinity, sorts: false }

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
    default:
      throw new CommandError('CommandNotFound', `Explain failed due to unknown command: ${name}`)
  }
}

function stagesOf(body: Uint8Array): readonly Value[] {
  const pipeline = getField(body, 'pipeline')
  return isArray(pipeline) ? itemsOf(pipeline) : []
}

const isMatch = (stage: Value | undefined): boolean => isDocument(stage) && firstElement(stage)?.[0] === '$match'

/** The filter that a pipeline begins with. */
function firstMatch([first]: readonly Value[]): Value {
  return isDocument(first) ? documentField(documentBytes(first), '$match') : emptyFilter
}

function documentField(body: Uint8Array, name: string): Value {
  const value = getField(body, name)
  return isDocument(value) ? value : emptyFilter
}
