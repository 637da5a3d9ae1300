/** Sort specifications. */
import { Bug } from '../base/assert.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'

/** What of a document decides its place, taken out once: comparing does not look at the document again. */
export type SortKey = readonly (Value | undefined)[]

export interface Sort {
  keyOf(document: Uint8Array): SortKey
  compare(a: SortKey, b: SortKey): number
  /** `{ $natural: 1 | -1 }`: storage order, forwards or backwards; `keyOf` and `compare` then mean nothing. */
  readonly natural?: 1 | -1
}

/** @throws CommandError for an empty path, a direction other than 1, -1 or $meta. */
export function compileSort(_spec: Value, _collation: Collation | undefined): Sort {
  throw new Bug('not written yet')
}
