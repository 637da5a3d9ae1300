/** Takes the configuration that is there, which tools send back after `already initialized`; refuses any other. */
import { CommandError } from '../../base/errors.ts'
import { equalValues } from '../../bson/compare.ts'
import { encodeValue } from '../../bson/encode.ts'
import { getField } from '../../bson/reader.ts'
import { documentBytes } from '../../bson/value.ts'
import type { Command } from '../command.ts'
import { bool, document, optional, readFields } from '../fields.ts'
import { replicaSetConfig } from '../replica-set.ts'

export const command: Command = {
  name: 'replSetReconfig',
  adminOnly: true,
  run(request, { facts, client }) {
    const { replSetReconfig: wanted } = readFields(request, {
      replSetReconfig: document,
      force: optional(bool, false),
    })
    const config = replicaSetConfig(facts, client)
    for (const name of ['_id', 'members'] as const) {
      if (!equalValues(getField(documentBytes(wanted), name), encodeValue(config[name]))) {
        throw new CommandError('NotImplemented', `the replica set has one member and keeps its configuration: ${name}`)
      }
    }
    return {}
  },
}
