/** There are no roles, since there are no users that could have them. */
import type { Command } from '../command.ts'
import { anything, readFields, withoutEffect } from '../fields.ts'

const table = {
  rolesInfo: anything,
  showPrivileges: withoutEffect, // Of roles, of which there are none.
  showAuthenticationRestrictions: withoutEffect, // Of roles, of which there are none.
  showBuiltinRoles: withoutEffect, // None is built in: nothing is forbidden that a role could allow.
}

export const command: Command = {
  name: 'rolesInfo',
  run(request) {
    readFields(request, table)
    return { roles: [] }
  },
}
