/** The branches of `$and`, `$or` and `$nor`. */
import { CommandError } from '../base/errors.ts'
import { itemsOf } from '../bson/reader.ts'
import { type Value, isArray, isDocument } from '../bson/value.ts'
import type { DocumentContext, Filter } from './operator.ts'

/** Each item of `argument`, compiled. @throws CommandError BadValue when it is not a list of documents. */
export function compileBranches(name: string, argument: Value, { compileFilter }: DocumentContext): Filter[] {
  if (!isArray(argument)) throw new CommandError('BadValue', `${name} must be an array`)
  const branches = itemsOf(argument)
  if (branches.length === 0) throw new CommandError('BadValue', '$and/$or/$nor must be a nonempty array')
  return branches.map(branch => {
    if (!isDocument(branch)) throw new CommandError('BadValue', '$or/$and/$nor entries need to be full objects')
    return compileFilter(branch)
  })
}
