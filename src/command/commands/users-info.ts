/** There are no users: everybody may do everything. Shells ask for them all the same. */
import type { Command } from '../command.ts'
import { anything, readFields, withoutEffect } from '../fields.ts'

const table = {
  usersInfo: anything,
  filter: withoutEffect, // Of users, of whom there are none.
  showCredentials: withoutEffect, // Of users, of whom there are none.
  showCustomData: withoutEffect, // Of users, of whom there are none.
  showPrivileges: withoutEffect, // Of users, of whom there are none.
  showAuthenticationRestrictions: withoutEffect, // Of users, of whom there are none.
}

export const command: Command = {
  name: 'usersInfo',
  run(request) {
    readFields(request, table)
    return { users: [] }
  },
}
