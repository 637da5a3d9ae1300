/** The order of values, for operators that compare many: each comparison counts. */
import { compareValues } from '../bson/compare.ts'
import type { Value } from '../bson/value.ts'
import type { CompareHelpers } from './operator.ts'

const countedFrom = 1000

/** Negative, zero or positive, as `compareValues`. */
export type Compare = (a: Value | undefined, b: Value | undefined) => number

/** For `count` values; few are compared before anybody notices. */
export function comparison({ collation, pace }: CompareHelpers, count: number): Compare {
  if (pace === undefined || count < countedFrom) return (a, b) => compareValues(a, b, collation)
  return (a, b) => {
    pace.spend()
    return compareValues(a, b, collation)
  }
}
