/** Shows parameters of the whole deployment: one, several, or all with `'*'`. */
import { CommandError } from '../../base/errors.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, isString, toText, type Value } from '../../bson/value.ts'
import { requireClusterParameter } from '../cluster-parameter.ts'
import type { Command } from '../command.ts'
import { anything, readFields, string } from '../fields.ts'

export const command: Command = {
  name: 'getClusterParameter',
  adminOnly: true,
  run(request, { store: { parameters } }) {
    const { getClusterParameter } = readFields(request, { getClusterParameter: anything })
    if (isString(getClusterParameter) && toText(getClusterParameter) === '*') {
      return { clusterParameters: [...parameters.all.values()] }
    }
    const names = namesOf(getClusterParameter)
    return { clusterParameters: names.map(name => requireClusterParameter(parameters, name)) }
  },
}

function namesOf(value: Value): string[] {
  const path = 'getClusterParameter'
  if (!isArray(value)) return [string(value, path)]
  const names = itemsOf(value).map((item, index) => string(item, `${path}.${index}`))
  if (names.length > 0) return names
  throw new CommandError('BadValue', 'Must supply at least one cluster server parameter name to getClusterParameter')
}
