/** updateDescription of a change event, from the oplog's delta. */
import { Bug } from '../base/assert.ts'

/** `{ updatedFields, removedFields, truncatedArrays[, disambiguatedPaths] }` as a document. */
export function describeDiff(_diff: Uint8Array, _options: { readonly disambiguatedPaths: boolean }): Uint8Array {
  throw new Bug('not written yet')
}
