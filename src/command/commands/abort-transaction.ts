/** Undoes what a transaction did. */
import type { Command } from '../command.ts'
import { readFields, withoutEffect } from '../fields.ts'
import { requireTransactionId } from '../session-commands.ts'

const table = {
  recoveryToken: withoutEffect, // Of a sharded cluster that has lost sight of the transaction.
}

export const command: Command = {
  name: 'abortTransaction',
  adminOnly: true,
  inApiVersion1: true,
  endsTransaction: true,
  async run(request, { transactions, operation }) {
    readFields(request, table)
    await transactions.abort(requireTransactionId(request, operation))
    return {}
  },
}
