/**
 * $changeStreamSplitLargeEvent: an event that is too large for one document, cut between its top-level fields.
 *
 *   { _id: token of fragment 0,   splitEvent: { fragment: 1, of: n }, …its smallest fields }
 *   { _id: token of fragment n-1, splitEvent: { fragment: n, of: n }, …its largest }
 *
 * The fields of all fragments together are the event. A client resumes behind any of them.
 * Source: MongoDB manual, "$changeStreamSplitLargeEvent".
 */
import { CommandError } from '../base/errors.ts'
import { wholeEventBytesMax } from '../base/limits.ts'
import { ElementReader } from '../bson/reader.ts'
import { BsonWriter } from '../bson/writer.ts'
import type { Start } from './options.ts'

export interface Fragment {
  /** Its `_id`. */
  readonly token: Uint8Array
  readonly document: Uint8Array
}

export interface SplitOptions {
  /** The resume token of a fragment; counts from 0. */
  readonly tokenOf: (fragmentNum: number) => Uint8Array
  /** An event that is larger is split. Of a fragment it leaves room for a second token. */
  readonly bytesMax?: number
}

/**
 * The fragments of an event (at least one), or undefined when it is not too large.
 *
 * @throws CommandError when a field is too large for a fragment, or the `_id` is all there is.
 */
export function splitEvent(
  event: Uint8Array,
  { tokenOf, bytesMax = wholeEventBytesMax }: SplitOptions,
): Fragment[] | undefined {
  if (event.length <= bytesMax) return undefined
  const groups = groupFields(fieldsOf(event), { tokenOf, bytesMax })
  return groups.map(({ token, fields }, index) => {
    const writer = new BsonWriter(fields.reduce((bytes, { start, end }) => bytes + end - start, headBytesOf(token)))
    writer.document('_id', token)
    writer.startDocument('splitEvent')
    writer.int32('fragment', index + 1)
    writer.int32('of', groups.length)
    writer.end()
    for (const { start, end } of fields) writer.elements(event, start, end)
    return { token, document: writer.finish() }
  })
}

/** Where a field lies in the event, name and type included. */
interface Field {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** The fields to be dealt out, small ones first. */
function fieldsOf(event: Uint8Array): Field[] {
  const fields: Field[] = []
  const elements = new ElementReader(event)
  while (elements.next()) {
    const { name, nameStart, valueEnd } = elements
    if (name !== '_id') fields.push({ name, start: nameStart - 1, end: valueEnd })
  }
  if (fields.length === 0) {
    throw new CommandError('Location7182502', 'Splitting a change event failed: its _id alone is too large')
  }
  return fields.sort((a, b) => a.end - a.start - (b.end - b.start) || (a.name < b.name ? -1 : 1))
}

/** What a fragment weighs without fields: its length and end, `_id`, and `splitEvent` with its two numbers. */
const headBytesOf = (token: Uint8Array): number => 5 + 5 + token.length + 12 + 5 + 14 + 8

interface Group {
  readonly token: Uint8Array
  readonly fields: Field[]
}

/** As many fields into each fragment as there is room for. */
function groupFields(fields: readonly Field[], { tokenOf, bytesMax }: Required<SplitOptions>): Group[] {
  const groups: Group[] = []
  let open: Group | undefined
  let room = 0
  for (const field of fields) {
    const bytes = field.end - field.start
    if (open === undefined || bytes > room) {
      open = { token: tokenOf(groups.length), fields: [] }
      groups.push(open)
      room = bytesMax - open.token.length - headBytesOf(open.token)
      if (bytes > room) {
        throw new CommandError(
          'Location7182500',
          `Splitting a change event failed: the field '${field.name}' has ${bytes} bytes, a fragment has room for ${room}`,
        )
      }
    }
    open.fields.push(field)
    room -= bytes
  }
  return groups
}

/**
 * Refuses to resume behind a fragment where events are not split.
 *
 * @throws CommandError ChangeStreamFatalError.
 */
export function requireSplitStage(start: Start, { splitLargeEvents }: { readonly splitLargeEvents: boolean }): void {
  if (splitLargeEvents || start.kind !== 'after' || start.parts.fragmentNum === undefined) return
  throw new CommandError(
    'ChangeStreamFatalError',
    'To resume from a split event, the $changeStream pipeline must include a $changeStreamSplitLargeEvent stage',
    { labels: ['NonResumableChangeStreamError'] },
  )
}

/** For a fragment's token that does not fit to what the event is split into now. */
export function differentSplit(): CommandError {
  return new CommandError(
    'ChangeStreamFatalError',
    'Attempted to resume from a split event, but the resumed stream produced a different split. Ensure that the pipeline ' +
      'used to resume is the same as the original',
    { labels: ['NonResumableChangeStreamError'] },
  )
}
