/** `{ $limit: count }` gives the first `count` documents and reads no further. */
import { CommandError } from '../../base/errors.ts'
import { requireInteger } from '../../query/integer.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$limit',
  inChangeStream: false,
  inUpdate: false,
  compile(spec) {
    const before = 'invalid argument to $limit stage: '
    const count = Number(requireInteger(spec, { name: '$limit', codeName: 'Location5107201', before, min: 0n }))
    if (count === 0) throw new CommandError('Location15958', 'the limit must be positive')
    return {
      kind: 'all',
      cut: { kind: 'limit', count },
      async *run(documents) {
        let given = 0
        for await (const document of documents) {
          yield document
          if (++given === count) return
        }
      },
    }
  },
}
