/** The commands that run at this moment, those that match the request's other fields. */
import { documentOf, encodeDocument } from '../../bson/encode.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
import { describeOperation } from '../describe-operation.ts'
import { bool, freeFields } from '../fields.ts'

export const command: Command = {
  name: 'currentOp',
  adminOnly: true,
  run(request, context) {
    const fields = freeFields(request)
    // There is no operation that does not run, and no user whose own they could be: both mean what is shown anyway.
    for (const [name, value] of fields) if (name === '$all' || name === '$ownOps') bool(value, name)
    const filter = documentOf(fields.filter(([name]) => name !== '$all' && name !== '$ownOps'))
    const matches = compileMatch(filter, {})
    const described = [...context.operations.running].map(operation =>
      encodeDocument(describeOperation(operation, context)),
    )
    return { inprog: described.filter(matches) }
  },
}
