/** `{ $listLocalSessions: { } }` gives the logical sessions that are alive. */
import { listSessions } from '../list-sessions.ts'
import { requireNoCollection, type Source } from '../source.ts'

export const source: Source = {
  name: '$listLocalSessions',
  open(spec, target, context) {
    requireNoCollection('$listLocalSessions', target, { onAdmin: false })
    return listSessions('$listLocalSessions', spec, context)
  },
}
