/**
 * `{ $listSessions: { } }` gives the logical sessions of the deployment, which are those that are alive in this process: there is no
 * collection that they are kept in, but the stage is still asked of the one where MongoDB keeps them.
 */
import { CommandError } from '../../base/errors.ts'
import { listSessions } from '../list-sessions.ts'
import type { Source } from '../source.ts'

export const source: Source = {
  name: '$listSessions',
  open(spec, { db, coll }, context) {
    if (db !== 'config' || coll !== 'system.sessions') {
      throw new CommandError('InvalidNamespace', '$listSessions may only be run against config.system.sessions')
    }
    return listSessions('$listSessions', spec, context)
  },
}
