/** Sets of BSON types, named by alias or number, as `$type` and `bsonType` take them. */
import { CommandError } from '../base/errors.ts'
import { toExactInteger } from '../bson/number.ts'
import { itemsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, Value, isArray, isNumber, isString, toText, typeName } from '../bson/value.ts'

/** One byte for each type byte, 1 when the type is in the set. */
export type TypeSet = Uint8Array

const numberTypes = [BsonType.double, BsonType.int32, BsonType.int64, BsonType.decimal128]

// typeName wants a value only for its type.
const aliasOf = (type: number): string => typeName(new Value(type, new Uint8Array(), 0, 0))

/** Alias → types: `int`, `objectId` …, and `number` for all four. */
export const bsonAliases: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...Object.values(BsonType).map(type => [aliasOf(type), [type]] as const),
  ['number', numberTypes],
])

export const typeSetOf = (types: readonly number[]): TypeSet => {
  const set = new Uint8Array(256)
  for (const type of types) set[type] = 1
  return set
}

/** `{ $type: 'int' }`, `{ $type: 16 }`, `{ $type: ['int', 16] }`. @throws CommandError for what is no type. */
export function parseTypeSet(argument: Value, path: string): TypeSet {
  const named = isArray(argument) ? itemsOf(argument) : [argument]
  if (named.length === 0) throw new CommandError('FailedToParse', `${path} must match at least one type`)
  return typeSetOf(named.flatMap(typesNamed))
}

function typesNamed(value: Value): readonly number[] {
  return isString(value) ? typesOfAlias(toText(value), bsonAliases) : [typeOfCode(value)]
}

export function typesOfAlias(alias: string, aliases: ReadonlyMap<string, readonly number[]>): readonly number[] {
  const types = aliases.get(alias)
  if (types !== undefined) return types
  if (alias === 'missing') {
    throw new CommandError(
      'BadValue',
      "'missing' is not a legal type name. To query for non-existence of a field, use {$exists:false}.",
    )
  }
  throw new CommandError('BadValue', `Unknown type name alias: ${alias}`)
}

function typeOfCode(value: Value): number {
  if (!isNumber(value)) throw new CommandError('TypeMismatch', 'type must be represented as a number or a string')
  const code = toExactInteger(value)
  // MinKey's byte is ff; its code is that byte as a signed number.
  const type = code === -1n ? BsonType.minKey : Number(code ?? BsonType.minKey)
  if ((type === BsonType.minKey) !== (code === -1n) || aliasOf(type) === 'invalid') {
    const hint = code === 0n ? '. Instead use {$exists:false}.' : ''
    throw new CommandError('BadValue', `Invalid numerical type code: ${show(value)}${hint}`)
  }
  return type
}
