/**
 * Fills a collection aside and then lets it take another's place: until that one commit, readers see the old documents, and
 * whatever goes wrong leaves them as they were.
 */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { encodeDocument } from '../bson/encode.ts'
import { elementsOf } from '../bson/reader.ts'
import { documentValue } from '../bson/value.ts'
import { commitChanges } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { createChange, newUuid } from './create.ts'
import { commitRename, requireCollection } from './ddl.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import { withSnapshot, type Store } from './store.ts'
import { requireNoView } from './views.ts'

/** What the target is to look like afterwards: its options and indexes, without that of _id. */
export interface Model {
  readonly options: Uint8Array
  readonly indexes: readonly Uint8Array[]
}

/** @throws CommandError Location17152 for a capped collection, CommandNotSupportedOnView. */
export async function findModel(store: Store, target: Namespace): Promise<Model> {
  const info = await withSnapshot(store, async snapshot => {
    const found = await store.catalog.find(snapshot, target)
    if (found === undefined) await requireNoView(snapshot, store.catalog, target)
    return found
  })
  if (info?.capped !== undefined) {
    throw new CommandError(
      'Location17152',
      `namespace '${showNamespace(target)}' is capped so it can't be used for $out`,
    )
  }
  return modelOf(info)
}

const noOptions = encodeDocument({})

function modelOf(info: CollectionInfo | undefined): Model {
  if (info === undefined) return { options: noOptions, indexes: [] }
  const [, ...indexes] = info.indexes.filter(({ building }) => !building)
  return { options: info.options, indexes: indexes.map(({ spec }) => spec) }
}

export type Temporary = Pick<CollectionInfo, 'uuid' | 'namespace'>

/** Creates a collection beside the target, with the model's options. A start removes those that a crash left. */
export async function createTemporary(store: Store, target: Namespace, { options }: Model): Promise<Temporary> {
  const suffix = Buffer.from(newUuid(store.env)).toString('hex')
  const namespace = { db: target.db, coll: `tmp.agg_out.${dashed(suffix)}` }
  const fields = Object.fromEntries(elementsOf(documentValue(options)))
  const change = createChange(store.env, namespace, { temp: true, ...fields })
  await store.engine.write(transaction => commitChanges(transaction, store.catalog, [change]))
  return { uuid: must(change.entry.ui, 'UUID of a create entry'), namespace }
}

/** A UUID as text, from its hexadecimal digits. */
const dashed = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/**
 * Gives `temporary` the target's name, and drops what has it.
 *
 * @throws CommandError CommandFailed when the target is not as it was, NamespaceNotFound when the temporary is gone.
 */
export async function takePlace(store: Store, temporary: Temporary, target: Namespace, model: Model): Promise<void> {
  await store.engine.write(async transaction => {
    const info = await requireCollection(transaction, store, temporary.namespace)
    const existing = await store.catalog.find(transaction, target)
    if (existing === undefined) await requireNoView(transaction, store.catalog, target)
    const now = modelOf(existing)
    const name = showNamespace(target)
    if (!sameBytes(info.uuid, temporary.uuid)) {
      throw new CommandError('CommandFailed', `the temporary collection for ${name} was dropped during processing`)
    }
    if (!sameBytes(now.options, model.options)) {
      throw new CommandError(
        'CommandFailed',
        `collection options of target collection ${name} changed during processing`,
      )
    }
    if (!hasSame(now.indexes, model.indexes)) {
      throw new CommandError('CommandFailed', `indexes of target collection ${name} changed during processing`)
    }
    await commitRename(transaction, store, info, { target, existing })
  })
}

function hasSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return some.length === others.length && some.every(spec => others.some(other => sameBytes(spec, other)))
}
