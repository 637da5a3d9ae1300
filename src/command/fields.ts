/**
 * Reads a command's fields by a table of parsers, one walk over the body. What is not in the table and not generic is
 * refused, what has the wrong type too: nothing is ignored silently.
 *
 *   const { ordered, documents } = readFields(request, { insert: collectionName, documents: many(document), … })
 *
 * Source of codes and words: MongoDB's IDL command parsers.
 */
import { CommandError } from '../base/errors.ts'
import { ElementReader, elementsOf, itemsOf } from '../bson/reader.ts'
import {
  BsonType,
  documentBytes,
  documentValue,
  isNumber,
  toBool,
  toInt32,
  toName,
  toText,
  typeName,
  type Value,
} from '../bson/value.ts'
import { toExactInteger } from '../bson/number.ts'
import type { CommandRequest } from './operation.ts'

/** Turns a field's value into what the command wants; `path` is `insert.documents` for messages. */
export type FieldParser<T> = (value: Value | undefined, path: string) => T

/** What reading by a table gives. */
export type Parsed<Table> = { [Name in keyof Table]: Table[Name] extends FieldParser<infer T> ? T : never }

/** Arguments that any command may carry and that mean something; generic-arguments.ts reads them. */
export const genericNames: readonly string[] = [
  '$db',
  'lsid',
  'txnNumber',
  'autocommit',
  'startTransaction',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
]

/** All that any command may carry. */
const generic = new Set([...genericNames, '$readPreference', '$clusterTime', 'comment'])

/**
 * The fields of a request's body, by the table, which lives longer than the request where that is a frequent one. `as` is the
 * command's own name where clients may use another spelling.
 *
 * @throws CommandError 40415, 40414, 40413 or 14, naming the field.
 */
export function readFields<Table extends FieldTable>(
  request: CommandRequest,
  table: Table,
  { as = request.name }: { readonly as?: string } = {},
): Parsed<Table> {
  const { sequences } = request
  return read({ path: as, isCommand: true, value: documentValue(request.body), sequences }, table)
}

/** Refuses fields beside the command's own and the generic ones. @throws as `readFields`. */
export const requireNoFields = (request: CommandRequest): void => void readFields(request, noTable)

/** The same for a document inside a command: one statement of `updates`, a `cursor` option. `path` is for messages. */
export function readDocumentFields<Table extends FieldTable>(path: string, value: Value, table: Table): Parsed<Table> {
  return read({ path, isCommand: false, value, sequences: noSequences }, table)
}

// One for all: what is known of a table is known of the object.
const noTable: FieldTable = {}

type FieldTable = Readonly<Record<string, FieldParser<unknown>>>

interface Fields {
  readonly path: string
  /** Whether the first field is the command's own and generic arguments may follow. */
  readonly isCommand: boolean
  readonly value: Value
  readonly sequences: CommandRequest['sequences']
}

const noSequences: CommandRequest['sequences'] = new Map()

/**
 * A table as it is read: made once for each, since this is on the way of every command. Most fields of a table are not in a request, so
 * what they are then is known before.
 */
interface Columns {
  readonly names: readonly string[]
  readonly parsers: readonly FieldParser<unknown>[]
  /** Of generic arguments, which are nobody's own unless the table has them, `genericPlace`. */
  readonly places: ReadonlyMap<string, number>
  /** What is read of a body without fields; undefined for one that has to be there. */
  readonly absent: Readonly<Record<string, unknown>>
  /** The places of those that have to be there. */
  readonly required: readonly number[]
  /** The command that the fields were last read of, nearly always the same, and the path of each of them. */
  command: string
  paths: readonly string[]
}

function pathsOf(columns: Columns, command: string): readonly string[] {
  if (columns.command !== command) {
    columns.command = command
    columns.paths = columns.names.map(name => `${command}.${name}`)
  }
  return columns.paths
}

const genericPlace = -1

const columnsOfTables = new WeakMap<FieldTable, Columns>()

function columnsOf(table: FieldTable): Columns {
  const known = columnsOfTables.get(table)
  if (known !== undefined) return known
  const names = Object.keys(table)
  const parsers = Object.values(table)
  const required: number[] = []
  const absentIn = (place: number): unknown => {
    try {
      return (parsers[place] as FieldParser<unknown>)(undefined, '')
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      required.push(place)
      return undefined
    }
  }
  // Made at once, not name by name: copies of such an object are several times faster.
  const absent = JSON.parse(`{${names.map(name => `${JSON.stringify(name)}:null`).join(',')}}`) as Record<
    string,
    unknown
  >
  for (const [place, name] of names.entries()) absent[name] = absentIn(place)
  const places = new Map(Array.from(generic, name => [name, genericPlace]))
  for (const [place, name] of names.entries()) places.set(name, place)
  const columns: Columns = { names, parsers, places, absent, required, command: '', paths: names }
  columnsOfTables.set(table, columns)
  return columns
}

function read<Table extends FieldTable>(fields: Fields, table: Table): Parsed<Table> {
  const { path, isCommand, value, sequences } = fields
  const columns = columnsOf(table)
  const { names, parsers, places, absent, required } = columns
  // A statement's path is another one for each.
  const paths = isCommand ? pathsOf(columns, path) : undefined
  const found: (Value | undefined)[] = []
  const elements = ElementReader.of(value)
  let isFirst = isCommand
  while (elements.next()) {
    const name = isFirst ? path : elements.name
    isFirst = false
    const place = places.get(name)
    if (place === genericPlace && isCommand) continue
    if (place === undefined || place === genericPlace) {
      if (isCommand && name === path) continue
      throw unknownField(path, name)
    }
    if (found[place] !== undefined) throw duplicateField(path, name)
    found[place] = elements.value
  }
  for (const name of sequences.keys()) {
    const place = places.get(name)
    if (place === undefined || place === genericPlace) throw unknownField(path, name)
    if (found[place] !== undefined) throw duplicateField(path, name)
  }
  const parsed: Record<string, unknown> = { ...absent }
  for (let place = 0; place < found.length; place++) {
    const given = found[place]
    if (given === undefined) continue
    const name = names[place] as string
    parsed[name] = (parsers[place] as FieldParser<unknown>)(given, paths?.[place] ?? `${path}.${name}`)
  }
  for (const [name, sequence] of sequences) {
    const parser = parsers[places.get(name) as number] as FieldParser<unknown>
    parsed[name] = sequenceParser(parser)(sequence, `${path}.${name}`)
  }
  for (const place of required) {
    const name = names[place] as string
    if (found[place] === undefined && !sequences.has(name)) parsers[place]?.(undefined, `${path}.${name}`)
  }
  return parsed as Parsed<Table>
}

const unknownField = (path: string, name: string): CommandError =>
  new CommandError('IDLUnknownField', `BSON field '${path}.${name}' is an unknown field.`)

const duplicateField = (path: string, name: string): CommandError =>
  new CommandError('IDLDuplicateField', `BSON field '${path}.${name}' is a duplicate field`)

/** The fields that are neither the command's name nor generic: of commands whose fields are names themselves. */
export function freeFields(request: CommandRequest): [name: string, value: Value][] {
  const [, ...others] = elementsOf(documentValue(request.body))
  return others.filter(([name]) => !generic.has(name))
}

/** Parsers of lists carry a second face, which takes a document sequence. */
const sequenceParsers = new WeakMap<FieldParser<unknown>, SequenceParser>()

type SequenceParser = (documents: readonly Uint8Array[], path: string) => unknown

function sequenceParser(parser: FieldParser<unknown>): SequenceParser {
  return sequenceParsers.get(parser) ?? noSequence
}

const noSequence: SequenceParser = (_, path) => {
  throw new CommandError('TypeMismatch', `BSON field '${path}' cannot be a document sequence`)
}

export function wrongType(value: Value, path: string, expected: string): CommandError {
  return new CommandError(
    'TypeMismatch',
    `BSON field '${path}' is the wrong type '${typeName(value)}', expected type '${expected}'`,
  )
}

/** The parser's value, or `fallback` when the field is not there. An explicit null counts as there. */
export function optional<T, F>(parser: FieldParser<T>, fallback: F): FieldParser<T | F>
export function optional<T>(parser: FieldParser<T>): FieldParser<T | undefined>
export function optional<T, F>(parser: FieldParser<T>, fallback?: F): FieldParser<T | F | undefined> {
  const parse: FieldParser<T | F | undefined> = (value, path) => (value === undefined ? fallback : parser(value, path))
  const sequence = sequenceParsers.get(parser)
  if (sequence !== undefined) sequenceParsers.set(parse, sequence)
  return parse
}

function required<T>(parse: (value: Value, path: string) => T): FieldParser<T> {
  return (value, path) => {
    if (value === undefined) {
      throw new CommandError('IDLFailedToParse', `BSON field '${path}' is missing but a required field`)
    }
    return parse(value, path)
  }
}

/** Any value. */
export const anything: FieldParser<Value> = required(value => value)

export const string: FieldParser<string> = required((value, path) => {
  if (value.type !== BsonType.string) throw wrongType(value, path, 'string')
  return toText(value)
})

/** A boolean, or a number that stands for one (0 is false). */
export const bool: FieldParser<boolean> = required((value, path) => {
  if (value.type === BsonType.bool) return toBool(value)
  if (isNumber(value)) return toExactInteger(value) !== 0n
  throw wrongType(value, path, 'bool')
})

/** A boolean and nothing else. */
export const strictBool: FieldParser<boolean> = required((value, path) => {
  if (value.type !== BsonType.bool) throw wrongType(value, path, 'bool')
  return toBool(value)
})

/** A whole number of any numeric type within JavaScript's exact range. */
export const integer: FieldParser<number> = required((value, path) => {
  // Nearly always: the way of the others goes over a BigInt.
  if (value.type === BsonType.int32) return toInt32(value)
  if (!isNumber(value)) throw wrongType(value, path, 'long')
  const exact = toExactInteger(value)
  if (exact === undefined || exact > BigInt(Number.MAX_SAFE_INTEGER) || exact < -BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new CommandError('FailedToParse', `Expected an integer: ${path}`)
  }
  return Number(exact)
})

/** A whole number that is not negative. */
export const count: FieldParser<number> = required((value, path) => {
  const number = integer(value, path)
  if (number < 0)
    throw new CommandError('Location51024', `BSON field '${path}' value must be >= 0, actual value '${number}'`)
  return number
})

export const int64: FieldParser<bigint> = required((value, path) => {
  const exact = isNumber(value) ? toExactInteger(value) : undefined
  if (exact === undefined) throw wrongType(value, path, 'long')
  return exact
})

/** A document, as a value. */
export const document: FieldParser<Value> = required((value, path) => {
  if (value.type !== BsonType.document) throw wrongType(value, path, 'object')
  return value
})

/** An array, as a value. */
export const array: FieldParser<Value> = required((value, path) => {
  if (value.type !== BsonType.array) throw wrongType(value, path, 'array')
  return value
})

/** A document's bytes. */
export const documentOnly: FieldParser<Uint8Array> = required((value, path) => documentBytes(document(value, path)))

export const timestamp: FieldParser<Value> = required((value, path) => {
  if (value.type !== BsonType.timestamp) throw wrongType(value, path, 'timestamp')
  return value
})

/** One of some words. */
export const oneOf = <const Word extends string>(...words: readonly Word[]): FieldParser<Word> =>
  required((value, path) => {
    const text = string(value, path)
    const word = words.find(candidate => candidate === text)
    if (word === undefined) {
      throw new CommandError('BadValue', `Enumeration value '${text}' for field '${path}' is not a valid value.`)
    }
    return word
  })

/** An array of such items, or a document sequence of the same name. */
export function many<T>(item: FieldParser<T>): FieldParser<T[]> {
  const list = (items: readonly Value[], path: string) => items.map((value, index) => item(value, `${path}.${index}`))
  const parse: FieldParser<T[]> = required((value, path) => {
    if (value.type !== BsonType.array) throw wrongType(value, path, 'array')
    return list(itemsOf(value), path)
  })
  sequenceParsers.set(parse, (documents, path) => list(documents.map(documentValue), path))
  return parse
}

/** An array of documents, or a document sequence, which is taken as it is: each one's bytes. */
export const documents: FieldParser<readonly Uint8Array[]> = many(documentOnly)
sequenceParsers.set(documents, given => given)

/** A collection's name: the first field of a command that works on one. */
export const collectionName: FieldParser<string> = required(value => {
  if (value.type !== BsonType.string) {
    throw new CommandError('InvalidNamespace', `collection name has invalid type ${typeName(value)}`)
  }
  const name = toName(value)
  if (name === '') throw new CommandError('InvalidNamespace', `Invalid namespace specified: collection name is empty`)
  return name
})

/** A field whose value changes nothing about the answer here; `why` stands where it is used. */
export const withoutEffect: FieldParser<undefined> = () => undefined

/** An option of the server that is not there. Each value but the harmless ones is refused by its name. */
export const notSupported =
  (isHarmless: (value: Value) => boolean = () => false): FieldParser<undefined> =>
  (value, path) => {
    if (value === undefined || isHarmless(value)) return undefined
    throw new CommandError('NotImplemented', `'${path}' is not supported yet`)
  }

/** For `notSupported`: false and null ask for nothing. */
export const falsy = (value: Value): boolean =>
  value.type === BsonType.null || (value.type === BsonType.bool && !toBool(value))
