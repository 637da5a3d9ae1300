/**
 * Looks whether a collection is what it should be: every record is well-formed BSON and lies under the key of its _id, every entry
 * of an index leads to documents that have it, and no document lacks one. Each piece is looked at in one snapshot of its own, so
 * that writes meanwhile are no errors and nothing is held up. Reads all of the collection and its entries.
 */
import { scanBatchBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { getField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { validateDocument } from '../bson/validate.ts'
import type { Value } from '../bson/value.ts'
import type { KeyValue, Snapshot } from '../storage/engine.ts'
import type { CollectionInfo, IndexInfo } from './catalog.ts'
import { holdersIn, holdersOf } from './index-entries.ts'
import { indexEntriesOf, keyAfter, rangeOf, recordKey } from './keys.ts'
import { withSnapshot, type Store } from './store.ts'

/** Of more errors only the number is told. */
const errorTextsMax = 100

const pieceCountMax = 1000

/** What was found; it grows while it is looked. */
export class CheckReport {
  recordCount = 0
  /** Records that are no BSON, or lie under a wrong key. */
  invalidCount = 0
  /** By the index's name, of those that have entries. */
  readonly entryCounts = new Map<string, number>()
  /** Entries that lead nowhere, or to a document that has others. */
  readonly extraCounts = new Map<string, number>()
  /** Entries that documents should have. */
  readonly missingCounts = new Map<string, number>()
  readonly errors: string[] = []

  fail(text: string): void {
    if (this.errors.length < errorTextsMax) this.errors.push(text)
  }
}

/** Checks the collection `info`. */
export async function checkCollection(store: Store, info: CollectionInfo, pace: Pace): Promise<CheckReport> {
  const report = new CheckReport()
  const piecesOf = async (
    space: 'records' | 'index',
    id: number,
    check: (snapshot: Snapshot, now: CollectionInfo, piece: readonly KeyValue[]) => Promise<void>,
  ) => {
    const { from, to } = rangeOf(id)
    for (let next: Uint8Array | undefined = from; next !== undefined;) {
      const range = { from: next, to }
      next = await withSnapshot(store, async snapshot => {
        const now = await store.catalog.find(snapshot, info.namespace)
        // Dropped or replaced meanwhile: there is nothing more that should be so.
        if (now?.id !== info.id) return undefined
        const piece = await snapshot.scan(space, range, { countMax: pieceCountMax, bytesMax: scanBatchBytesMax })
        await check(snapshot, now, piece)
        const last = piece.at(-1)
        return last && keyAfter(last.key)
      })
    }
  }
  await piecesOf('records', info.id, async (snapshot, now, piece) => {
    for (const record of piece) {
      await pace.step()
      await checkRecord(snapshot, now, record, report)
    }
  })
  for (const { name, id } of indexesOf(info)) {
    report.entryCounts.set(name, 0)
    await piecesOf('index', id, async (snapshot, now, piece) => {
      const index = indexesOf(now).find(each => each.id === id)
      if (index === undefined) return
      for (const entry of piece) {
        await pace.step()
        await checkEntry(snapshot, index, entry, report)
      }
    })
  }
  return report
}

/** Those that have entries which must be complete. */
const indexesOf = (info: CollectionInfo): IndexInfo[] =>
  info.indexes.filter(({ hasEntries, building }) => hasEntries && !building)

async function checkRecord(
  snapshot: Snapshot,
  info: CollectionInfo,
  { key, value }: KeyValue,
  report: CheckReport,
): Promise<void> {
  report.recordCount++
  const id = idOf(value)
  // The places of a capped collection follow from nothing that is in the document.
  if (id === undefined || (info.capped === undefined && !sameBytes(recordKey(info.id, id), key))) {
    report.invalidCount++
    const what =
      id === undefined ? 'is no document with an _id' : `lies under another key than that of its _id ${show(id)}`
    return report.fail(`the record at ${Buffer.from(key).toString('hex')} ${what}`)
  }
  for (const index of indexesOf(info)) {
    for (const entry of indexEntriesOf(index, value)) {
      const holders = await holdersOf(snapshot, index, entry)
      if (holders.some(holder => sameBytes(holder, key))) continue
      raise(report.missingCounts, index.name)
      report.fail(`the document with the _id ${show(id)} has no entry in the index ${index.name}`)
    }
  }
}

async function checkEntry(snapshot: Snapshot, index: IndexInfo, entry: KeyValue, report: CheckReport): Promise<void> {
  for (const holder of holdersIn(entry)) {
    raise(report.entryCounts, index.name)
    const document = await snapshot.get('records', holder)
    // Bytes that are no document are not looked into.
    const isItsOwn =
      document !== undefined &&
      idOf(document) !== undefined &&
      indexEntriesOf(index, document).some(({ key }) => sameBytes(key, entry.key))
    if (isItsOwn) continue
    raise(report.extraCounts, index.name)
    report.fail(`an entry of the index ${index.name} leads to no document that has it`)
  }
}

/** Undefined when the bytes are no document, or one without an _id. */
function idOf(bytes: Uint8Array): Value | undefined {
  try {
    validateDocument(bytes, 0, bytes.length)
  } catch {
    return undefined
  }
  return getField(bytes, '_id')
}

const raise = (counts: Map<string, number>, name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1)
