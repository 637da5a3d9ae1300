/** Changes a parameter of the whole deployment; it stays so through restarts. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import { isDocument, isString, toText, type Value } from '../../bson/value.ts'
import type { ImageExpiry } from '../../collection/cluster-parameters.ts'
import { requireClusterParameter } from '../cluster-parameter.ts'
import type { Command } from '../command.ts'
import { anything, document, integer, readDocumentFields, readFields } from '../fields.ts'

export const command: Command = {
  name: 'setClusterParameter',
  adminOnly: true,
  async run(request, { env, store: { parameters, engine } }) {
    const { setClusterParameter } = readFields(request, { setClusterParameter: document })
    const [[name, value] = ['', setClusterParameter], ...others] = elementsOf(setClusterParameter)
    if (others.length > 0) {
      throw new CommandError('InvalidOptions', 'setClusterParameter only supports setting exactly one parameter')
    }
    requireClusterParameter(parameters, name)
    if (!isDocument(value)) throw new CommandError('BadValue', 'Cluster parameter value must be an object')
    const { preAndPostImages } = readDocumentFields(name, value, { preAndPostImages: document })
    const path = `${name}.preAndPostImages`
    const { expireAfterSeconds } = readDocumentFields(path, preAndPostImages, { expireAfterSeconds: anything })
    const expiry = parseExpiry(expireAfterSeconds, `${path}.expireAfterSeconds`)
    await parameters.setImageExpiry(engine, expiry, env.wallMs())
    return {}
  },
}

function parseExpiry(value: Value, path: string): ImageExpiry {
  if (isString(value)) {
    if (toText(value) === 'off') return 'off'
    throw new CommandError(
      'BadValue',
      "Expected either 'off' or a positive integer for 'expireAfterSeconds' of preAndPostImages",
    )
  }
  const seconds = integer(value, path)
  if (seconds > 0) return BigInt(seconds)
  throw new CommandError('BadValue', "Expected a positive integer for 'expireAfterSeconds' of preAndPostImages")
}
