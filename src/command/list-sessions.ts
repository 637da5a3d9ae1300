/** The logical sessions as $listLocalSessions and $listSessions give them. */
import { CommandError } from '../base/errors.ts'
import { dateValue, encodeDocument } from '../bson/encode.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { isArray, isDocument, type Value } from '../bson/value.ts'
import type { CommandContext } from './command.ts'
import { bool, wrongType } from './fields.ts'
import { showSession } from './session-commands.ts'

/** @throws CommandError for options that are unknown, contradict each other, or ask for users, of whom there are none. */
export function listSessions(name: string, spec: Value, context: CommandContext): AsyncGenerator<Uint8Array> {
  if (!isDocument(spec)) throw wrongType(spec, name, 'object')
  let [asksAll, hasUsers] = [false, false]
  for (const [option, value] of elementsOf(spec)) {
    if (option === 'allUsers') asksAll = bool(value, `${name}.allUsers`)
    else if (option === 'users') {
      if (!isArray(value)) throw wrongType(value, `${name}.users`, 'array')
      hasUsers = itemsOf(value).length > 0
    } else throw new CommandError('IDLUnknownField', `BSON field '${name}.${option}' is an unknown field.`)
  }
  if (asksAll && hasUsers) {
    throw new CommandError(
      'InvalidOptions',
      `${name} may not specify {allUsers:true} and {users:[...]} at the same time`,
    )
  }
  if (hasUsers) throw new CommandError('NotImplemented', `'${name}.users' is not supported yet`)
  return sessions(context)
}

async function* sessions({ sessions: all, env }: CommandContext): AsyncGenerator<Uint8Array> {
  const [wallMs, nowMs] = [env.wallMs(), env.monotonicMs()]
  for (const { lsid, lastUsedMs } of [...all.all()]) {
    yield encodeDocument({ _id: showSession(lsid), lastUse: dateValue(wallMs - (nowMs - lastUsedMs)) })
  }
}
