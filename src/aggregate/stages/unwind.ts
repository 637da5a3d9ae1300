/**
 * `{ $unwind: '$path' }` gives one document for each item of the array at the path, with the item in the array's place.
 *
 *   { path: '$path', includeArrayIndex: 'field', preserveNullAndEmptyArrays: true }
 *
 * A value that is no array counts as an array of it alone. What is missing, null or empty gives nothing, or with
 * `preserveNullAndEmptyArrays` the document without the empty array. The path does not go into arrays on its way.
 */
import { CommandError } from '../../base/errors.ts'
import { int64Value, nullValue } from '../../bson/encode.ts'
import { ElementReader, elementsOf, fieldName, findField, isEmpty } from '../../bson/reader.ts'
import type { FieldName } from '../../bson/reader.ts'
import { BsonType, isArray, isDocument, isNullish, isString, toBool, toText, typeName } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { parseFieldPath } from '../../expression/field-path.ts'
import { compilePut } from '../field-tree.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$unwind',
  inChangeStream: false,
  inUpdate: false,
  compile(spec) {
    const { path, indexPath, preserve } = parseUnwind(spec)
    const names = path.map(fieldName)
    const put = compilePut(path)
    const putIndex = indexPath === undefined ? (document: Uint8Array) => document : compilePut(indexPath)

    function* unwind(document: Uint8Array): Generator<Uint8Array> {
      const value = valueAt(document, names)
      if (isArray(value) && !isEmpty(value)) {
        const items = ElementReader.of(value)
        for (let index = 0; items.next(); index++) {
          yield putIndex(put(document, items.value), int64Value(BigInt(index)))
        }
      } else if (isArray(value)) {
        if (preserve) yield putIndex(put(document, undefined), nullValue)
      } else if (preserve || !isNullish(value)) {
        yield putIndex(document, nullValue)
      }
    }

    return {
      kind: 'all',
      async *run(documents, pace) {
        for await (const document of documents) {
          for (const unwound of unwind(document)) {
            const turn = pace.step()
            if (turn !== undefined) await turn
            yield unwound
          }
        }
      },
    }
  },
}

/** What lies at the end of a path through documents only. */
function valueAt(document: Uint8Array, names: readonly FieldName[]): Value | undefined {
  let start: number | undefined = 0
  let value: Value | undefined
  for (const name of names) {
    if (start === undefined) return undefined
    value = findField(document, start, name)
    start = isDocument(value) ? value.start : undefined
  }
  return value
}

interface Unwind {
  readonly path: readonly string[]
  readonly indexPath: readonly string[] | undefined
  readonly preserve: boolean
}

function parseUnwind(spec: Value): Unwind {
  let path: string | undefined
  let index: string | undefined
  let preserve = false
  if (isString(spec)) path = toText(spec)
  else if (!isDocument(spec)) {
    throw new CommandError(
      'Location15981',
      `expected either a string or an object as specification for $unwind stage, got ${typeName(spec)}`,
    )
  } else {
    for (const [name, value] of elementsOf(spec)) {
      if (name === 'path') path = requirePath(value)
      else if (name === 'includeArrayIndex') index = requireIndexName(value)
      else if (name === 'preserveNullAndEmptyArrays') preserve = requireBool(value)
      else throw new CommandError('Location28811', `unrecognized option to $unwind stage: ${name}`)
    }
  }
  if (path === undefined || path === '') {
    throw new CommandError('Location28812', 'no path specified to $unwind stage')
  }
  if (!path.startsWith('$')) {
    throw new CommandError('Location28818', `path option to $unwind stage should be prefixed with a '$': ${path}`)
  }
  return {
    path: parseFieldPath(path.slice(1)),
    indexPath: index === undefined ? undefined : parseFieldPath(index),
    preserve,
  }
}

function requirePath(value: Value): string {
  if (isString(value)) return toText(value)
  throw new CommandError('Location28808', `expected a string as the path for $unwind stage, got ${typeName(value)}`)
}

function requireIndexName(value: Value): string {
  const name = isString(value) ? toText(value) : ''
  if (name === '') {
    throw new CommandError(
      'Location28810',
      `expected a non-empty string for the includeArrayIndex option to $unwind stage, got ${typeName(value)}`,
    )
  }
  if (name.startsWith('$')) {
    throw new CommandError(
      'Location28822',
      `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${name}`,
    )
  }
  return name
}

function requireBool(value: Value): boolean {
  if (value.type === BsonType.bool) return toBool(value)
  throw new CommandError(
    'Location28809',
    `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${typeName(value)}`,
  )
}
