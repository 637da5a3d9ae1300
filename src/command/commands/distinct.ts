/** The different values of one field. */
import { MemoryBudget } from '../../aggregate/memory-budget.ts'
import { ValueKeys } from '../../aggregate/value-keys.ts'
import { CommandError } from '../../base/errors.ts'
import { documentBytesMax } from '../../base/limits.ts'
import { timestampValue } from '../../bson/encode.ts'
import { ownedValue, type Value } from '../../bson/value.ts'
import { valuesAtPath } from '../../bson/path.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { collectionName, document, optional, readFields, string, withoutEffect } from '../fields.ts'
import { findReadSource, readMatching } from '../read-source.ts'
import { emptyFilter } from '../statements.ts'

const table = {
  distinct: collectionName,
  key: string,
  query: optional(document, emptyFilter),
  collation: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
}

export const command: Command = {
  name: 'distinct',
  inApiVersion1: true,
  transactional: 'any statement',
  readsSnapshots: true,
  async run(request, context) {
    const { distinct: coll, key, query, collation } = readFields(request, table)
    const source = await findReadSource(context.store, { db: request.db, coll }, collation)
    const compile = compileContext(context, source)
    const path = key.split('.')
    const memory = new MemoryBudget('distinct', {})
    const keys = new ValueKeys(compile.collation, memory)
    const seen = new Map<string, Value>()
    let bytes = 0
    for await (const { document: found } of readMatching(context.store, source, query, compile)) {
      for (const value of valuesAtPath(found, path)) {
        if (value === undefined) continue
        const identity = keys.keyOf(value)
        if (seen.has(identity)) continue
        seen.set(identity, ownedValue(value))
        bytes += value.end - value.start + 8
        if (bytes > documentBytesMax) throw new CommandError('Location17217', 'distinct too big, 16mb cap')
      }
    }
    const { atClusterTime } = context.operation
    return {
      values: [...seen.values()],
      atClusterTime: atClusterTime === undefined ? undefined : timestampValue(atClusterTime),
    }
  },
}
