/** `{ $out: 'coll' }` or `{ $out: { db, coll } }` puts the documents in the place of a collection's, all at once. */
import { CommandError } from '../../base/errors.ts'
import { transactionBytesMax } from '../../base/limits.ts'
import { isDocument, isString, toText, typeName, type Value } from '../../bson/value.ts'
import { dropCollection } from '../../collection/ddl.ts'
import { createIndexes } from '../../collection/indexes.ts'
import { insertDocuments } from '../../collection/insert.ts'
import { isInternalDatabase, requireCollectionName, showNamespace, type Namespace } from '../../collection/namespace.ts'
import { createTemporary, findModel, takePlace } from '../../collection/replace.ts'
import { notSupported, readDocumentFields, string } from '../fields.ts'
import { batchesOf, type Sink, type SinkContext } from '../sink.ts'

const table = { db: string, coll: string, timeseries: notSupported() }

/** What one piece of an insert takes. */
const batchCountMax = 500

export const sink: Sink = {
  name: '$out',
  async open(spec, around) {
    const target = parseTarget(spec, around.db)
    // Refused before anything is read; what changes meanwhile is found when the new collection takes its place.
    await findModel(around.context.store, target)
    return { target, write: documents => replace(target, documents, around) }
  },
}

async function replace(
  target: Namespace,
  documents: AsyncIterable<Uint8Array>,
  { context, compile, bypassesValidation }: SinkContext,
): Promise<void> {
  const { store, operation, maintenance } = context
  const model = await findModel(store, target)
  const temporary = await createTemporary(store, target, model)
  const { namespace } = temporary
  const check = () => operation.check()
  try {
    if (model.indexes.length > 0) await createIndexes(store, namespace, model.indexes, compile.pace)
    for await (const batch of batchesOf(documents, { countMax: batchCountMax, bytesMax: transactionBytesMax, check })) {
      const { writeErrors } = await insertDocuments(store, {
        namespace,
        documents: batch,
        bypassesValidation,
        retryable: undefined,
        firstStmtId: 0,
        ordered: true,
      })
      const [refused] = writeErrors
      if (refused !== undefined) throw refused.error
      await store.env.yieldTurn()
    }
    await takePlace(store, temporary, target, model)
  } catch (error) {
    await dropCollection(store, namespace)
    throw error
  } finally {
    maintenance.poke()
  }
}

function parseTarget(spec: Value, db: string): Namespace {
  if (!isString(spec) && !isDocument(spec)) {
    throw new CommandError(
      'Location16990',
      `$out only supports a string or object argument, but found ${typeName(spec)}`,
    )
  }
  const { db: targetDb, coll } = isString(spec) ? { db, coll: toText(spec) } : readDocumentFields('$out', spec, table)
  const target = { db: targetDb, coll }
  requireCollectionName(target)
  if (coll.startsWith('system.')) {
    throw new CommandError('Location17385', `Can't $out to special collection: ${coll}`)
  }
  if (isInternalDatabase(target.db)) {
    throw new CommandError('Location31321', `Can't $out to internal database: ${target.db} (${showNamespace(target)})`)
  }
  return target
}
