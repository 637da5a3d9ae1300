/** The configuration of the set of one. */
import type { Command } from '../command.ts'
import { bool, optional, readFields } from '../fields.ts'
import { replicaSetConfig } from '../replica-set.ts'

export const command: Command = {
  name: 'replSetGetConfig',
  adminOnly: true,
  run(request, { facts, client }) {
    // With one member a configuration is committed as soon as it is there.
    const { commitmentStatus } = readFields(request, { commitmentStatus: optional(bool, false) })
    const config = replicaSetConfig(facts, client)
    return commitmentStatus ? { config, commitmentStatus: true } : { config }
  },
}
