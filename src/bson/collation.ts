/** Collations: how strings compare when a command asks for more than their bytes. */
import { Bug } from '../base/assert.ts'
import type { Value } from './value.ts'

export interface Collation {
  /** The order of two strings: negative, zero, positive. Zero means equal under this collation. */
  compare(a: string, b: string): number
  /** The complete specification, all options spelled out, as listCollections and listIndexes show it. */
  readonly spec: Value
}

/** The collation that a `collation` field asks for; undefined for none, `{}` and `{ locale: 'simple' }`: bytes decide. */
export function parseCollation(_spec: Value | undefined): Collation | undefined {
  throw new Bug('not written yet')
}
