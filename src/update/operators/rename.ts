/** `{ $rename: { path: 'other' } }` moves a field: what is at `path` is put at `other` and taken out where it was. */
import { CommandError } from '../../base/errors.ts'
import { show } from '../../bson/show.ts'
import { isString, toText } from '../../bson/value.ts'
import { isDynamic, parsePath } from '../path.ts'
import type { Place, UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$rename',
  targetOf(source, argument) {
    const shown = `${source.text}: ${show(argument)}`
    if (!isString(argument)) {
      throw new CommandError('BadValue', `The 'to' field for $rename must be a string: ${shown}`)
    }
    if (toText(argument).includes('\0')) {
      throw new CommandError('BadValue', `The 'to' field for $rename cannot contain an embedded null byte`)
    }
    const target = parsePath(toText(argument))
    if (source.text === target.text) {
      throw new CommandError('BadValue', `The source and target field for $rename must differ: ${shown}`)
    }
    if (isInside(source.text, target.text) || isInside(target.text, source.text)) {
      const words = `The source and target field for $rename must not be on the same path: ${shown}`
      throw new CommandError('BadValue', words)
    }
    if (source.parts.some(isDynamic)) {
      throw new CommandError('BadValue', `The source field for $rename may not be dynamic: ${source.text}`)
    }
    if (target.parts.some(isDynamic)) {
      throw new CommandError('BadValue', `The destination field for $rename may not be dynamic: ${target.text}`)
    }
    return target
  },
  compile: source => target => {
    const from = target.elsewhere(source)
    const { value } = from
    if (value === undefined) return from.requireViable()
    requireNoArray('source', from)
    requireNoArray('destination', target)
    target.set(value)
    from.remove()
  },
}

const isInside = (inner: string, outer: string): boolean => inner.startsWith(`${outer}.`)

function requireNoArray(role: string, { path, arrayAbove, documentName }: Place): void {
  if (arrayAbove === undefined) return
  throw new CommandError(
    'BadValue',
    `The ${role} field cannot be an array element, '${path}' in doc with ${documentName} has an array field called ` +
      `'${arrayAbove}'`,
  )
}
