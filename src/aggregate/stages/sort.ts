/** `{ $sort: { path: 1 | -1 } }` gives all documents in an order; the documents of a tie stay as they are. */
import { CommandError } from '../../base/errors.ts'
import { isEmpty } from '../../bson/reader.ts'
import { isDocument } from '../../bson/value.ts'
import { compileSort } from '../../query/sort.ts'
import { ordered } from '../ordered.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$sort',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, options) {
    if (!isDocument(spec)) throw new CommandError('Location15973', 'the $sort key specification must be an object')
    if (isEmpty(spec)) throw new CommandError('Location15976', '$sort stage must have at least one sort key')
    const sort = compileSort(spec, options.collation)
    if (sort.natural !== undefined) {
      throw new CommandError('Location16410', "FieldPath field names may not start with '$': '$natural'")
    }
    const keyOf = (document: Uint8Array) => sort.keyOf(document)
    return ordered('$sort', { keyOf, keyOfCopy: keyOf, compare: (a, b) => sort.compare(a, b) }, options)
  },
}
