/** What a read of a collection costs, as explain shows it: the read is done, and what it finds is thrown away. */
import type { Encodable } from '../bson/encode.ts'
import { toExactInteger } from '../bson/number.ts'
import { getField, isEmpty } from '../bson/reader.ts'
import { isDocument, isNumber, type Value } from '../bson/value.ts'
import type { Namespace } from '../collection/namespace.ts'
import { compileSelection, readDocuments } from '../collection/read.ts'
import type { Store } from '../collection/store.ts'
import type { CompileContext } from './compile.ts'

export interface MeasuredRead {
  readonly namespace: Namespace
  readonly filter: Value
  /** Documents that match and are passed over. */
  readonly skip: number
  /** Infinity for none. */
  readonly limit: number
  /** Whether all that match are found before the first is given. */
  readonly sorts: boolean
}

/** `skip`, `limit` and `sort` of a command that reads; the defaults where it has none. */
export function boundsOf(body: Uint8Array): Pick<MeasuredRead, 'skip' | 'limit' | 'sorts'> {
  const number = (name: string): number => {
    const value = getField(body, name)
    return value !== undefined && isNumber(value) ? Number(toExactInteger(value) ?? 0n) : 0
  }
  const sort = getField(body, 'sort')
  return {
    skip: number('skip'),
    limit: Math.abs(number('limit')) || Infinity,
    sorts: isDocument(sort) && !isEmpty(sort),
  }
}

/** The fields of `executionStats`. */
export async function measureRead(
  store: Store,
  { namespace, filter, skip, limit, sorts }: MeasuredRead,
  compile: CompileContext,
): Promise<{ readonly [name: string]: Encodable }> {
  const beganMs = store.env.monotonicMs()
  const selection = compileSelection(filter, compile)
  let examined = 0
  let matched = 0
  for await (const { document } of readDocuments(store, namespace, { ...selection, match: () => true }, compile)) {
    examined++
    if (selection.match(document)) matched++
    if (!sorts && matched - skip >= limit) break
  }
  const nReturned = Math.min(limit, Math.max(0, matched - skip))
  const isPinned = selection.ids !== undefined
  return {
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Math.round(store.env.monotonicMs() - beganMs),
    totalKeysExamined: isPinned ? examined : 0,
    totalDocsExamined: examined,
    executionStages: {
      stage: isPinned ? 'IDHACK' : 'COLLSCAN',
      nReturned: matched,
      docsExamined: examined,
      ...(isPinned ? { keysExamined: examined } : { direction: 'forward' }),
    },
  }
}
