/** $replaceRoot and $replaceWith: the value of an expression instead of the document. */
import { CommandError } from '../base/errors.ts'
import { show } from '../bson/show.ts'
import { documentBytes, documentValue, isDocument, typeName } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { compileCompute } from './compute.ts'
import { each } from './stage.ts'
import type { Each, StageOptions } from './stage.ts'

/** `called` is what a refusal calls the expression. @throws CommandError Location40228, in `apply`, for anything but a document. */
export function compileReplacement(called: string, spec: Value, options: StageOptions): Each {
  const compute = compileCompute(spec, options)
  return each(document => {
    const input = documentValue(document)
    const replacement = compute(input)
    if (isDocument(replacement)) return documentBytes(replacement)
    throw new CommandError(
      'Location40228',
      `${called} must evaluate to an object, but resulting value was: ${show(replacement)}. ` +
        `Type of resulting value: '${typeName(replacement)}'. Input document: ${show(input)}`,
    )
  })
}
