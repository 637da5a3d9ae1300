/** How the tests of this folder write documents, run updates and look at what comes of them. */
import { EJSON, deserialize, serialize } from 'bson'
import { valueOf } from '../bson/arbitrary.suite.ts'
import { documentBytes } from '../bson/value.ts'
import { describeDiff } from './description.ts'
import { applyDiff } from './diff.ts'
import { compileUpdate } from './update.ts'
import type { Document } from 'bson'
import type { Collation } from '../bson/collation.ts'
import type { Update, UpdateMoment } from './update.ts'

export const bytesOf = (document: Document): Uint8Array => serialize(document, { ignoreUndefined: false })

/** A document as text that tells types and the order of fields. */
export const textOf = (document: Uint8Array | Document): string =>
  EJSON.stringify(
    deserialize(document instanceof Uint8Array ? document : bytesOf(document), { promoteValues: false }),
    {
      relaxed: false,
    },
  )

export interface RunOptions {
  readonly arrayFilters?: readonly Document[]
  readonly arrayIndex?: number
  readonly collation?: Collation | undefined
  /** What the pipeline of the update gives; the stages themselves are not looked at. */
  readonly piped?: (document: Uint8Array) => Document
}

export const moment: UpdateMoment = { nowMs: 1_700_000_000_000, clusterTime: (7n << 32n) | 1n }

export function compiled(update: unknown, { arrayFilters = [], collation, piped }: RunOptions = {}): Update {
  return compileUpdate(valueOf(update), {
    arrayFilters: arrayFilters.map(valueOf),
    collation,
    compilePipeline: () => document => (piped === undefined ? document : bytesOf(piped(document))),
  })
}

/** What an update makes of a document, and all that is told about it; `nothing` in place of what there is not. */
export function outcome(before: Document, update: unknown, options: RunOptions = {}) {
  const applied = compiled(update, options).apply(bytesOf(before), { ...moment, arrayIndex: options.arrayIndex })
  if (applied.kind === 'nothing') return { after: textOf(before), diff: 'nothing', description: 'nothing' }
  if (applied.kind === 'replace') return { after: textOf(applied.after), diff: 'whole', description: 'whole' }
  const again = textOf(applyDiff(bytesOf(before), applied.diff))
  if (again !== textOf(applied.after)) throw new Error(`the delta gives ${again}`)
  return { after: textOf(applied.after), diff: textOf(applied.diff), description: shortDescription(applied.diff) }
}

/** updateDescription without its empty parts. */
function shortDescription(diff: Uint8Array): string {
  const description = deserialize(describeDiff(diff, { disambiguatedPaths: true }), { promoteValues: false })
  const parts = Object.entries(description).filter(([, part]) => Object.keys(part as object).length > 0)
  return textOf(Object.fromEntries(parts))
}

export const documentOfValue = (value: unknown): Uint8Array => documentBytes(valueOf(value))
