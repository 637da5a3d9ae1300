/** `{ $facet: { name: [stages], … } }` gives one document: of each pipeline over the same documents, what it makes of them. */
import { CommandError } from '../../base/errors.ts'
import { documentBytesInternalMax } from '../../base/limits.ts'
import { arrayValue, encodeDocument } from '../../bson/encode.ts'
import { elementsOf, isEmpty, itemsOf } from '../../bson/reader.ts'
import { documentValue, isArray, isDocument, typeName, type Value } from '../../bson/value.ts'
import { requireFieldName } from '../../expression/field-path.ts'
import { FanOut } from '../fan-out.ts'
import { MemoryBudget, valueBytesOverhead } from '../memory-budget.ts'
import type { Run, Stage, StageContext } from '../stage.ts'

interface Facet {
  readonly name: string
  readonly run: Run
}

export const stage: Stage = {
  name: '$facet',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, context) {
    const facets = parseFacets(spec, context)
    return {
      kind: 'all',
      async *run(documents, pace) {
        const memory = new MemoryBudget('$facet', context)
        const fan = new FanOut(documents, facets.length)
        try {
          const results = await Promise.all(
            facets.map(async ({ name, run }) => {
              const items: Value[] = []
              for await (const document of run(fan.reader(), pace)) {
                memory.take(document.length + valueBytesOverhead)
                items.push(documentValue(document))
              }
              return [name, arrayValue(items)] as const
            }),
          )
          yield requireSize(encodeDocument(Object.fromEntries(results)))
        } finally {
          memory.release()
          await fan.end()
        }
      },
    }
  },
}

function requireSize(document: Uint8Array): Uint8Array {
  if (document.length <= documentBytesInternalMax) return document
  throw new CommandError(
    'BSONObjectTooLarge',
    `BSONObj size: ${document.length} is invalid. Size must be between 0 and ${documentBytesInternalMax}: of a $facet`,
  )
}

function parseFacets(spec: Value, context: StageContext): readonly Facet[] {
  if (!isDocument(spec) || isEmpty(spec)) {
    throw new CommandError('Location40169', 'the $facet specification must be a non-empty object')
  }
  return elementsOf(spec).map(([name, stages]) => {
    requireFieldName(name)
    if (name.includes('.'))
      throw new CommandError('Location16412', `FieldPath field names may not contain '.': ${name}`)
    if (!isArray(stages)) {
      throw new CommandError('Location40170', `arguments to $facet must be arrays, ${name} is type ${typeName(stages)}`)
    }
    for (const item of itemsOf(stages)) {
      if (isDocument(item) && !isEmpty(item)) continue
      throw new CommandError(
        'Location40171',
        `elements of arrays in $facet spec must be non-empty objects, ${name} argument contained an element of type ${typeName(item)}`,
      )
    }
    return { name, run: context.compilePipeline(itemsOf(stages), { within: '$facet' }) }
  })
}
