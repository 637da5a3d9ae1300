/** `{ $sample: { size: count } }` gives `count` documents by chance, in an order by chance. */
import { CommandError } from '../../base/errors.ts'
import { toNearestDouble } from '../../bson/number.ts'
import { elementsOf } from '../../bson/reader.ts'
import { isDocument, isNumber } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { ordered } from '../ordered.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$sample',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, options) {
    // Each document draws a number, and those with the smallest are the sample: no need to know how many there are.
    const draw = () => options.variables.random()
    return ordered('$sample', { keyOf: draw, compare: (a, b) => a - b }, options, parseSize(spec))
  },
}

function parseSize(spec: Value): number {
  if (!isDocument(spec)) {
    throw new CommandError('Location28745', 'the $sample stage specification must be an object')
  }
  let size: number | undefined
  for (const [name, value] of elementsOf(spec)) {
    if (name !== 'size') throw new CommandError('Location28748', `unrecognized option to $sample: ${name}`)
    if (!isNumber(value)) throw new CommandError('Location28746', 'size argument to $sample must be a number')
    size = Math.trunc(toNearestDouble(value))
  }
  if (size === undefined) throw new CommandError('Location28749', '$sample stage must specify a size')
  if (!(size > 0)) throw new CommandError('Location28747', 'size argument to $sample must be a positive integer')
  return size
}
