/** `{ $unionWith: { coll, pipeline } }` gives the documents that it is given, and then those of another collection. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf, itemsOf } from '../../bson/reader.ts'
import { isArray, isDocument, isString, toText, typeName, type Value } from '../../bson/value.ts'
import { foreignDocuments, requireSourceStage } from '../foreign.ts'
import type { Stage } from '../stage.ts'

interface Union {
  /** Undefined where the pipeline makes its documents itself. */
  readonly coll: string | undefined
  readonly stages: readonly Value[]
}

export const stage: Stage = {
  name: '$unionWith',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, context) {
    const { coll, stages } = parseUnion(spec)
    const run = context.compilePipeline(stages, { within: '$unionWith' })
    return {
      kind: 'all',
      async *run(documents, pace) {
        yield* documents
        yield* foreignDocuments(context, { coll, stages, run }, pace)
      },
    }
  },
}

function parseUnion(spec: Value): Union {
  if (isString(spec)) return { coll: toText(spec), stages: [] }
  if (!isDocument(spec)) {
    throw new CommandError(
      'FailedToParse',
      `the $unionWith stage specification must be an object or string, but found ${typeName(spec)}`,
    )
  }
  let coll: string | undefined
  let stages: readonly Value[] | undefined
  for (const [name, value] of elementsOf(spec)) {
    if (name === 'coll' && isString(value)) coll = toText(value)
    else if (name === 'pipeline' && isArray(value)) stages = itemsOf(value)
    else if (name === 'coll' || name === 'pipeline') {
      throw new CommandError('TypeMismatch', `BSON field '$unionWith.${name}' is the wrong type '${typeName(value)}'`)
    } else throw new CommandError('IDLUnknownField', `BSON field '$unionWith.${name}' is an unknown field.`)
  }
  requireSourceStage('$unionWith', coll, stages ?? [])
  return { coll, stages: stages ?? [] }
}
