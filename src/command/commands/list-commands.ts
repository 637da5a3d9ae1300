/** All commands, by their name. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'listCommands',
  run(request, { commands }) {
    requireNoFields(request)
    const all = [...new Set(commands.values())].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { commands: Object.fromEntries(all.map(member => [member.name, described(member)])) }
  },
}

function described({ adminOnly = false, inApiVersion1 = false }: Command) {
  return {
    help: '',
    requiresAuth: false,
    secondaryOk: true,
    adminOnly,
    apiVersions: inApiVersion1 ? ['1'] : [],
    deprecatedApiVersions: [],
  }
}
