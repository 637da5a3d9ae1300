/** `{ $skip: count }` leaves out the first `count` documents. */
import { requireInteger } from '../../query/integer.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$skip',
  inChangeStream: false,
  inUpdate: false,
  compile(spec) {
    const before = 'invalid argument to $skip stage: '
    const count = Number(requireInteger(spec, { name: '$skip', codeName: 'Location5107200', before, min: 0n }))
    return {
      kind: 'all',
      cut: { kind: 'skip', count },
      async *run(documents, pace) {
        let skipped = 0
        for await (const document of documents) {
          const turn = pace.step()
          if (turn !== undefined) await turn
          if (skipped < count) skipped++
          else yield document
        }
      },
    }
  },
}
