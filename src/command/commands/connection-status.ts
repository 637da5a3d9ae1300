/** Who is authenticated on this connection: nobody, since there are no users. */
import type { Command } from '../command.ts'
import { bool, optional, readFields } from '../fields.ts'

export const command: Command = {
  name: 'connectionStatus',
  run(request) {
    const { showPrivileges } = readFields(request, { showPrivileges: optional(bool, false) })
    const authInfo = { authenticatedUsers: [], authenticatedUserRoles: [] }
    return { authInfo: showPrivileges ? { ...authInfo, authenticatedUserPrivileges: [] } : authInfo }
  },
}
