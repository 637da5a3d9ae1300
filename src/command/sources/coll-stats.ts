/** `{ $collStats: { count: {}, storageStats: {} } }` gives one document of a collection's statistics. Reads all of it. */
import { CommandError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { dateValue, encodeDocument, type Encodable } from '../../bson/encode.ts'
import { typeName, isDocument, type Value } from '../../bson/value.ts'
import { showNamespace, type Namespace } from '../../collection/namespace.ts'
import { findSystemNamespace } from '../../collection/system-reads.ts'
import type { CommandContext } from '../command.ts'
import { findCollection, scale, storageStats, whole } from '../collection-stats.ts'
import { document, notSupported, optional, readDocumentFields, withoutEffect } from '../fields.ts'
import type { Source } from '../source.ts'
import { everything, countDocuments } from '../../collection/read.ts'

const table = {
  count: optional(document),
  storageStats: optional(document),
  latencyStats: notSupported(),
  queryExecStats: notSupported(),
  operationStats: notSupported(),
}

const storageTable = {
  scale,
  verbose: withoutEffect, // There is no more to tell.
  waitForLock: withoutEffect, // There is no lock.
  numericOnly: withoutEffect, // Of the engine's own statistics, of which there are none.
}

export const source: Source = {
  name: '$collStats',
  open(spec, { db, coll }, context) {
    if (coll === undefined) {
      throw new CommandError('InvalidNamespace', '$collStats can only be run on a collection, not with {aggregate: 1}')
    }
    if (!isDocument(spec)) {
      throw new CommandError('Location5447000', `$collStats must take a nested object but found a ${typeName(spec)}`)
    }
    const parts = readDocumentFields('$collStats', spec, table)
    const factor =
      parts.storageStats && readDocumentFields('$collStats.storageStats', parts.storageStats, storageTable).scale
    return statistics({ db, coll }, { count: parts.count, factor }, context)
  },
}

interface Wanted {
  readonly count: Value | undefined
  /** Undefined when the storageStats are not wanted. */
  readonly factor: number | undefined
}

async function* statistics(
  namespace: Namespace,
  { count, factor }: Wanted,
  { store, env, facts, operation }: CommandContext,
): AsyncGenerator<Uint8Array> {
  const pace = new Pace(env, () => operation.check())
  const found: Record<string, Encodable> = {
    ns: showNamespace(namespace),
    host: facts.host,
    localTime: dateValue(env.wallMs()),
  }
  if (factor !== undefined) found.storageStats = await storageStats(store, namespace, { factor, pace })
  if (count !== undefined) {
    const info = await findCollection(store, namespace)
    if (info === undefined && findSystemNamespace(namespace) === undefined) {
      throw new CommandError(
        'NamespaceNotFound',
        `Unable to retrieve count in $collStats stage :: caused by :: Collection [${showNamespace(namespace)}] not found.`,
      )
    }
    found.count = whole(await countDocuments(store, namespace, everything, { pace, countMax: Infinity }))
  }
  yield encodeDocument(found)
}
