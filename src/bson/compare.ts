/** The total order of BSON values, across types. */
import { Bug } from '../base/assert.ts'
import type { Collation } from './collation.ts'
import type { Value } from './value.ts'

/** The canonical class of a type: values of different classes order by it (numbers are one class, string and symbol too). */
export function typeClass(_value: Value | undefined): number {
  throw new Bug('not written yet')
}

/** Negative, zero or positive. A missing value is before null and after MinKey. Numbers compare by value across types. */
export function compareValues(_a: Value | undefined, _b: Value | undefined, _collation?: Collation): number {
  throw new Bug('not written yet')
}

/** Whether two values are equal in that order; quicker where their bytes are the same. */
export function equalValues(_a: Value | undefined, _b: Value | undefined, _collation?: Collation): boolean {
  throw new Bug('not written yet')
}
