/** Makes what a transaction did durable at once. */
import type { Command } from '../command.ts'
import { readFields, withoutEffect } from '../fields.ts'
import { requireTransactionId } from '../session-commands.ts'

const table = {
  recoveryToken: withoutEffect, // Of a sharded cluster that has lost sight of the transaction.
}

export const command: Command = {
  name: 'commitTransaction',
  adminOnly: true,
  inApiVersion1: true,
  endsTransaction: true,
  async run(request, { transactions, operation }) {
    readFields(request, table)
    await transactions.commit(requireTransactionId(request, operation))
    return {}
  },
}
