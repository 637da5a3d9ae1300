/** `{ $replaceWith: expression }`: $replaceRoot in fewer words. */
import { compileReplacement } from '../replacement.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$replaceWith',
  inChangeStream: true,
  inUpdate: true,
  compile: (spec, options) => compileReplacement("'replacement document'", spec, options),
}
