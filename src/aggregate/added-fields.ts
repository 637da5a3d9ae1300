/** $addFields and $set, which are one stage under two names. */
import { CommandError } from '../base/errors.ts'
import { elementsOf, isEmpty } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentValue, isDocument, typeName } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { parseFieldPath } from '../expression/field-path.ts'
import { compileCompute } from './compute.ts'
import type { Compute } from './compute.ts'
import { FieldTree, putFields } from './field-tree.ts'
import { each } from './stage.ts'
import type { Each, Stage, StageOptions } from './stage.ts'

/**
 * The stage called `name`: `{ path: expression, path: { nested: expression } }`. Every expression sees the document as it came
 * in. What is missing leaves its field out, or takes it out. A path goes into each item of the arrays that it meets.
 */
export function addFieldsStage(name: string): Stage {
  return {
    name,
    inChangeStream: true,
    inUpdate: true,
    compile: (spec, options) => compileAddedFields(name, spec, options),
  }
}

function compileAddedFields(name: string, spec: Value, options: StageOptions): Each {
  if (!isDocument(spec)) {
    throw new CommandError('Location40272', `${name} specification stage must be an object, got ${typeName(spec)}`)
  }
  const tree = new FieldTree<Compute>()
  parse(spec, [])

  /** Puts the fields of `fields` into the tree, below `above`. */
  function parse(fields: Value, above: readonly string[]): void {
    for (const [field, value] of elementsOf(fields)) {
      if (above.length > 0 && field.includes('.')) {
        throw invalid('Location40183', `cannot use dotted field name '${field}' in a sub object: ${show(spec)}`)
      }
      const path = [...above, ...parseFieldPath(field)]
      if (isNested(value)) parse(value, path)
      else if (!tree.add(path, compileCompute(value, options))) {
        throw invalid('Location40176', `'${path.join('.')}' conflicts with another path of ${show(spec)}`)
      }
    }
  }

  /** Whether the value is a document of further fields, and not one expression. `{}` is a value. */
  function isNested(value: Value): boolean {
    if (!isDocument(value) || isEmpty(value)) return false
    const names = elementsOf(value).map(([field]) => field)
    const operators = names.filter(field => field.startsWith('$'))
    if (operators.length > 0 && names.length > 1) {
      throw invalid(
        'Location40181',
        `an expression specification must contain exactly one field, the name of the expression. Found ${names.length} ` +
          `fields in ${show(value)}, while parsing object ${show(spec)}`,
      )
    }
    return operators.length === 0
  }

  function invalid(codeName: `Location${number}`, words: string): CommandError {
    return new CommandError(codeName, `Invalid ${name} :: caused by :: specification: ${words}`)
  }

  return each(document => {
    const root = documentValue(document)
    return putFields(document, tree, { valueOf: compute => compute(root), intoArrays: true })
  })
}
