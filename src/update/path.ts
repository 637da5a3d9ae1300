/** Paths of updates: `a.0.b`, with `$`, `$[]` and `$[x]` where array items are meant. */
import { CommandError } from '../base/errors.ts'
import { fieldName } from '../bson/reader.ts'
import { indexName } from '../bson/writer.ts'
import type { FieldName } from '../bson/reader.ts'

/** What stands between two dots, in the forms that looking it up wants. */
export interface PathPart {
  readonly text: string
  readonly bytes: FieldName
  /** Which item it means where it meets an array; undefined when it is no number. */
  readonly index: number | undefined
}

export interface UpdatePath {
  readonly text: string
  readonly parts: readonly PathPart[]
}

const indexMax = 2 ** 32 - 1

export function pathPart(text: string): PathPart {
  const index = /^\d+$/.test(text) && Number(text) <= indexMax ? Number(text) : undefined
  return { text, bytes: fieldName(text), index }
}

export const indexPart = (index: number): PathPart => pathPart(indexName(index))

/** @throws CommandError EmptyFieldName for an empty path or an empty part of one. */
export function parsePath(text: string): UpdatePath {
  if (text === '') throw new CommandError('EmptyFieldName', 'An empty update path is not valid.')
  const names = text.split('.')
  if (names.includes('')) {
    const words = `The update path '${text}' contains an empty field name, which is not allowed.`
    throw new CommandError('EmptyFieldName', words)
  }
  return { text, parts: names.map(pathPart) }
}

/** The identifier of `$[x]`, empty for `$[]`; undefined for any other part. */
export function identifierOf({ text }: PathPart): string | undefined {
  return text.length >= 3 && text.startsWith('$[') && text.endsWith(']') ? text.slice(2, -1) : undefined
}

export const isPositional = ({ text }: PathPart): boolean => text === '$'

export const isDynamic = (part: PathPart): boolean => isPositional(part) || identifierOf(part) !== undefined

/**
 * The order in which the fields of one document are updated, and so in which new ones are added: by bytes, numbers by their
 * value. Source: MongoDB manual, "Update operators process document fields in lexicographic order".
 */
export function comparePartNames(a: PathPart, b: PathPart): number {
  if (beginsAsNumber(a) && beginsAsNumber(b) && a.text.length !== b.text.length) return a.text.length - b.text.length
  return Buffer.compare(a.bytes, b.bytes)
}

// A padded number counts as text. What only begins as a number is ordered by its length too, so that the order is total.
const beginsAsNumber = ({ text }: PathPart): boolean => /^(0$|[1-9])/.test(text)
