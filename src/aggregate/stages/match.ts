/** `{ $match: filter }` lets through the documents that the filter matches. */
import { CommandError } from '../../base/errors.ts'
import { isDocument } from '../../bson/value.ts'
import { compileMatch } from '../../query/match.ts'
import { each } from '../stage.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$match',
  inChangeStream: true,
  inUpdate: false,
  compile(filter, options) {
    if (!isDocument(filter)) {
      throw new CommandError('Location15959', 'the match filter must be an expression in an object')
    }
    const matches = compileMatch(filter, options)
    return each(document => (matches(document) ? document : undefined))
  },
}
