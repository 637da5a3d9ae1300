/**
 * The oplog's delta of a document, `$v: 2` without the `$v`:
 *
 *   of an object   d: { field: false }  removed     u: { field: value }  changed     i: { field: value }  new
 *                  s<field>: diff       of that object or array, in this order
 *   of an array    a: true, [l: new length], then u<index>: value or s<index>: diff, ascending
 *
 * Law: applyDiff(before, diff) is what the update made of `before`.
 */
import { Bug } from '../base/assert.ts'

/** @throws Bug when the diff does not fit the document: both are ours. */
export function applyDiff(_before: Uint8Array, _diff: Uint8Array): Uint8Array {
  throw new Bug('not written yet')
}

/** The delta between two documents as a pipeline update logs it; undefined when replacing the whole is not larger. */
export function computeDiff(_before: Uint8Array, _after: Uint8Array): Uint8Array | undefined {
  throw new Bug('not written yet')
}
