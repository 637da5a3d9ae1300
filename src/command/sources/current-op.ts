/** `{ $currentOp: { … } }` tells what goes on in the server: commands that run, and as asked idle connections and cursors. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import { BsonType, isDocument, toBool, typeName, type Value } from '../../bson/value.ts'
import { currentOperations } from '../current-operations.ts'
import { requireNoCollection, type Source } from '../source.ts'

export const source: Source = {
  name: '$currentOp',
  open(spec, target, context) {
    requireNoCollection('$currentOp', target, { onAdmin: true })
    const wants = parseOptions(spec)
    if (wants('targetAllNodes')) {
      throw new CommandError(
        'FailedToParse',
        "The 'targetAllNodes' parameter of the $currentOp stage is for sharded clusters",
      )
    }
    // There are no users whose own operations could be told apart, and all of them are local.
    return currentOperations(context, {
      idleConnections: wants('idleConnections'),
      idleCursors: wants('idleCursors'),
      idleSessions: wants('idleSessions'),
      truncates: wants('truncateOps'),
    })
  },
}

const known = [
  'allUsers',
  'idleConnections',
  'idleCursors',
  'idleSessions',
  'localOps',
  'targetAllNodes',
  'truncateOps',
] as const
type Option = (typeof known)[number]

function parseOptions(spec: Value): (option: Option) => boolean {
  if (!isDocument(spec)) {
    throw new CommandError(
      'FailedToParse',
      `$currentOp options must be specified in an object, but found: ${typeName(spec)}`,
    )
  }
  const given = new Map<string, boolean>()
  for (const [name, value] of elementsOf(spec)) {
    if (!known.some(option => option === name)) {
      throw new CommandError('FailedToParse', `Unrecognized option '${name}' in $currentOp stage.`)
    }
    if (value.type !== BsonType.bool) {
      throw new CommandError(
        name === 'allUsers' ? 'TypeMismatch' : 'FailedToParse',
        `The '${name}' parameter of the $currentOp stage must be a boolean value, but found: ${typeName(value)}`,
      )
    }
    given.set(name, toBool(value))
  }
  return option => given.get(option) ?? option === 'idleSessions'
}
