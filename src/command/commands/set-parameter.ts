/** Changes parameters; of those that are here, none can be changed while the server runs, so only to what they are. */
import { CommandError } from '../../base/errors.ts'
import { equalValues } from '../../bson/compare.ts'
import { encodeValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import type { Command } from '../command.ts'
import { freeFields } from '../fields.ts'

export const command: Command = {
  name: 'setParameter',
  adminOnly: true,
  run(request, { facts: { parameters } }) {
    const wanted = freeFields(request)
    if (wanted.length === 0)
      throw new CommandError('InvalidOptions', 'no option found to set, use help:true to see options ')
    for (const [name, value] of wanted) {
      if (!equalValues(encodeValue(parameters.get(name)), value)) {
        throw new CommandError('IllegalOperation', `not allowed to change [${name}] at runtime, to ${show(value)}`)
      }
    }
    return { was: wanted[0]?.[1] }
  },
}
