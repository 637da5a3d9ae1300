// What an update refuses, what it does not change, and what an upsert makes of it.
import { existsSync } from 'node:fs'
import { deserialize, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { valueOf } from '../bson/arbitrary.suite.ts'
import { compileMatchedIndex } from '../query/match.ts'
import { bytesOf, compiled, moment, outcome, textOf } from './update.suite.ts'
import type { Document } from 'bson'
import type { RunOptions } from './update.suite.ts'

type Refusal = readonly [
  claim: string,
  before: Document,
  update: unknown,
  codeName: string,
  words: string,
  options?: RunOptions,
]

const x = [{ x: 1 }]

// prettier-ignore
const refusals: readonly Refusal[] = [
  ['an unknown operator', {}, { $foo: { a: 1 } }, 'FailedToParse', 'Unknown modifier: $foo. Expected a valid update modifier or pipeline-style update specified as an array'],
  ['$pushAll, which is no longer there', {}, { $pushAll: { a: [1] } }, 'FailedToParse', 'Unknown modifier: $pushAll.'],
  ['a field among operators', {}, { $set: { a: 1 }, b: 1 }, 'FailedToParse', 'Unknown modifier: b.'],
  ['an operator without fields', {}, { $set: 'x' }, 'FailedToParse', 'Modifiers operate on fields but we found type string instead. For example: {$mod: {<field>: ...}} not {$set: "x"}'],
  ['neither document nor array', {}, 'x', 'FailedToParse', 'Update argument must be either an object or an array'],

  ['the same path twice', {}, { $set: { a: 1 }, $inc: { a: 1 } }, 'ConflictingUpdateOperators', "Updating the path 'a' would create a conflict at 'a'"],
  ['a path inside another', {}, { $set: { a: 1, 'a.b': 1 } }, 'ConflictingUpdateOperators', "Updating the path 'a.b' would create a conflict at 'a'"],
  ['a path around another', {}, { $set: { 'a.b': 1, a: 1 } }, 'ConflictingUpdateOperators', "Updating the path 'a' would create a conflict at 'a'"],
  ['items by name and by filter', {}, { $set: { 'a.0': 1, 'a.$[]': 1 } }, 'ConflictingUpdateOperators', "Updating the path 'a.$[]' would create a conflict at 'a'"],
  ['what $rename takes from', {}, { $rename: { a: 'b' }, $set: { a: 1 } }, 'ConflictingUpdateOperators', "Updating the path 'a' would create a conflict at 'a'"],
  ['what $rename puts to', {}, { $set: { b: 1 }, $rename: { a: 'b' } }, 'ConflictingUpdateOperators', "Updating the path 'b' would create a conflict at 'b'"],
  ['two filters that want the same item', { a: [1] }, { $set: { 'a.$[x]': 1 }, $inc: { 'a.$[]': 1 } }, 'ConflictingUpdateOperators', "Update created a conflict at 'a.0'", { arrayFilters: x }],
  ['two filters that want the same field of an item', { a: [{ b: 1 }] }, { $set: { 'a.$[x].b': 1 }, $inc: { 'a.$[].b': 1 } }, 'ConflictingUpdateOperators', "Update created a conflict at 'a.0.b'", { arrayFilters: [{ 'x.b': 1 }] }],
  ['$ on a named item', { a: [1] }, { $set: { 'a.$': 1, 'a.0': 2 } }, 'ConflictingUpdateOperators', "Update created a conflict at 'a.0'", { arrayIndex: 0 }],

  ['an empty path', {}, { $set: { '': 1 } }, 'EmptyFieldName', 'An empty update path is not valid.'],
  ['an empty part of a path', {}, { $set: { 'a..b': 1 } }, 'EmptyFieldName', "The update path 'a..b' contains an empty field name, which is not allowed."],
  ['a field of the document that begins with a dollar', {}, { $set: { $a: 1 } }, 'DollarPrefixedFieldName', "The dollar ($) prefixed field '$a' in '$a' is not allowed"],
  ['a document in such a field', {}, { $set: { '$a.b': 1 } }, 'DollarPrefixedFieldName', "'$a'"],

  ['through a scalar', { a: 1 }, { $set: { 'a.b': 1 } }, 'PathNotViable', "Cannot create field 'b' in element {a: 1}"],
  ['through null', { a: null }, { $inc: { 'a.b.c': 1 } }, 'PathNotViable', "Cannot create field 'b' in element {a: null}"],
  ['by name into an array', { a: [{ b: 1 }] }, { $set: { 'a.b': 1 } }, 'PathNotViable', "Cannot create field 'b' in element {a: [ { b: 1 } ]}"],
  ['through an item that is a scalar', { a: [0] }, { $set: { 'a.$[].b': 1 } }, 'PathNotViable', "Cannot create field 'b' in element {0: 0}"],
  ['$pull through a scalar', { a: 1 }, { $pull: { 'a.b': 1 } }, 'PathNotViable', 'Cannot use the part (b) of (a.b) to traverse the element ({a: 1})'],
  ['$pop by name into an array', { a: [1] }, { $pop: { 'a.b': 1 } }, 'PathNotViable', 'Cannot use the part (b) of (a.b)'],
  ['too far beyond an array', { a: [] }, { $set: { 'a.1500001': 1 } }, 'CannotBackfillArray', "can't backfill more than 1500000 elements"],

  ['another _id', { _id: 1 }, { $set: { _id: 2 } }, 'ImmutableField', "Performing an update on the path '_id' would modify the immutable field '_id'"],
  ['an equal _id of another type', { _id: 1 }, { $set: { _id: new Double(1) } }, 'ImmutableField', "the immutable field '_id'"],
  ['no _id', { _id: 1 }, { $unset: { _id: 1 } }, 'ImmutableField', "Performing an update on the path '_id'"],
  ['a field of the _id', { _id: { x: 1 } }, { $inc: { '_id.x': 1 } }, 'ImmutableField', "Performing an update on the path '_id.x' would modify the immutable field '_id'"],
  ['a new field of the _id', { _id: { x: 1 } }, { $set: { '_id.y': 1 } }, 'ImmutableField', "Updating the path '_id' to _id: { x: 1, y: 1 } would modify the immutable field '_id'"],
  ['$rename of the _id', { _id: 1 }, { $rename: { _id: 'a' } }, 'ImmutableField', "'_id'"],
  ['a replacement with another _id', { _id: 1 }, { _id: 2 }, 'ImmutableField', "After applying the update, the (immutable) field '_id' was found to have been altered to _id: 2"],
  ['a replacement with an array as _id', { _id: 1 }, { _id: [1] }, 'NotSingleValueField', "the (immutable) field '_id' was found to be an array"],
  ['a pipeline that gives another _id', { _id: 1 }, [], 'ImmutableField', 'altered to _id: 2', { piped: () => ({ _id: 2 }) }],
  ['an operator in a replacement', {}, { a: 1, $set: { b: 1 } }, 'DollarPrefixedFieldName', "The dollar ($) prefixed field '$set' in '$set' is not allowed in the context of an update's replacement document."],

  ['$ without a match', { a: [1] }, { $set: { 'a.$': 1 } }, 'BadValue', 'The positional operator did not find the match needed from the query.'],
  ['$ twice', {}, { $set: { 'a.$.b.$': 1 } }, 'BadValue', "Too many positional (i.e. '$') elements found in path 'a.$.b.$'"],
  ['$ at the beginning', {}, { $set: { '$.a': 1 } }, 'BadValue', "Cannot have positional (i.e. '$') element in the first position in path '$.a'"],
  ['$[] at the beginning', {}, { $set: { '$[].a': 1 } }, 'BadValue', "Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '$[].a'"],
  ['$[] of what is missing', {}, { $set: { 'a.$[]': 1 } }, 'BadValue', "The path 'a' must exist in the document in order to apply array updates."],
  ['$[] of what is missing inside', { a: {} }, { $set: { 'a.b.$[].c': 1 } }, 'BadValue', "The path 'a.b' must exist in the document in order to apply array updates."],
  ['$[] of no array', { a: 1 }, { $set: { 'a.$[]': 1 } }, 'BadValue', 'Cannot apply array updates to non-array element a: 1'],
  ['an identifier without a filter', {}, { $set: { 'a.$[x]': 1 } }, 'BadValue', "No array filter found for identifier 'x' in path 'a.$[x]'"],
  ['a filter without a path', {}, { $set: { a: 1 } }, 'FailedToParse', "The array filter for identifier 'x' was not used in the update { $set: { a: 1 } }", { arrayFilters: x }],
  ['two filters of one name', {}, { $set: { 'a.$[x]': 1 } }, 'FailedToParse', 'Found multiple array filters with the same top-level field name x', { arrayFilters: [{ x: 1 }, { 'x.y': 1 }] }],
  ['a filter of two names', {}, { $set: { 'a.$[x]': 1 } }, 'FailedToParse', "Expected a single top-level field name, found 'x' and 'y'", { arrayFilters: [{ x: 1, 'y.z': 1 }] }],
  ['a filter of two names in $or', {}, { $set: { 'a.$[x]': 1 } }, 'FailedToParse', "Expected a single top-level field name, found 'x' and 'y'", { arrayFilters: [{ $or: [{ x: 1 }, { y: 1 }] }] }],
  ['a filter of no name', {}, { $set: { 'a.$[x]': 1 } }, 'FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters', { arrayFilters: [{}] }],
  ['a filter with a name in capitals', {}, { $set: { 'a.$[X]': 1 } }, 'BadValue', "The top-level field name must be an alphanumeric string beginning with a lowercase letter, found 'X'", { arrayFilters: [{ X: 1 }] }],
  ['a filter with $expr', {}, { $set: { 'a.$[x]': 1 } }, 'QueryFeatureNotAllowed', '$expr is not allowed in this context', { arrayFilters: [{ $expr: true }] }],
  ['a filter for a pipeline', {}, [], 'FailedToParse', 'arrayFilters may not be specified for pipeline-style updates', { arrayFilters: x }],
  ['a filter for a replacement', {}, {}, 'FailedToParse', 'arrayFilters may not be specified for replacement-style updates', { arrayFilters: x }],

  ['$inc by a string', {}, { $inc: { a: 'x' } }, 'TypeMismatch', 'Cannot increment with non-numeric argument: {a: "x"}'],
  ['$inc of a string', { _id: 7, a: { b: 'x' } }, { $inc: { 'a.b': 1 } }, 'TypeMismatch', "Cannot apply $inc to a value of non-numeric type. {_id: 7} has the field 'b' of non-numeric type string"],
  ['$inc of null', { a: null }, { $inc: { a: 1 } }, 'TypeMismatch', "{no id} has the field 'a' of non-numeric type null"],
  ['$inc past int64', { _id: 7, a: Long.MAX_VALUE }, { $inc: { a: 1 } }, 'BadValue', 'Failed to apply $inc operations to current value ((NumberLong)9223372036854775807) for document {_id: 7}'],
  ['$mul by a document', {}, { $mul: { a: {} } }, 'TypeMismatch', 'Cannot multiply with non-numeric argument: {a: {}}'],
  ['$mul past int64', { _id: 7, a: Long.MAX_VALUE }, { $mul: { a: 2 } }, 'BadValue', 'Failed to apply $mul operations'],
  ['$bit of a double', { _id: 7, a: 1.5 }, { $bit: { a: { or: 1 } } }, 'BadValue', 'Cannot apply $bit to a value of non-integral type._id: 7 has the field a of non-integer type double'],
  ['$bit by a double', {}, { $bit: { a: { or: 1.5 } } }, 'BadValue', "The $bit modifier field must be an Integer(32/64 bit); a 'double' is not supported here: {or: 1.5}"],
  ['$bit with another operation', {}, { $bit: { a: { nor: 1 } } }, 'BadValue', "The $bit modifier only supports 'and', 'or', and 'xor', not 'nor'"],
  ['$bit without operations', {}, { $bit: { a: {} } }, 'BadValue', 'You must pass in at least one bitwise operation.'],
  ['$bit by a number', {}, { $bit: { a: 1 } }, 'BadValue', 'The $bit modifier is not compatible with a int.'],
  ['$currentDate of another type', {}, { $currentDate: { a: { $type: 'int' } } }, 'BadValue', "The '$type' string field is required to be 'date' or 'timestamp'"],
  ['$currentDate of a string', {}, { $currentDate: { a: 'date' } }, 'BadValue', 'string is not valid type for $currentDate.'],
  ['$currentDate with an option', {}, { $currentDate: { a: { $x: 1 } } }, 'BadValue', 'Unrecognized $currentDate option: $x'],
  ['$push to no array', { _id: 7, a: { b: 1 } }, { $push: { 'a.b': 1 } }, 'BadValue', "The field 'a.b' must be an array but is of type int in document {_id: 7}"],
  ['$push with an unknown clause', {}, { $push: { a: { $each: [], $x: 1 } } }, 'BadValue', 'Unrecognized clause in $push: $x'],
  ['$push of no array with $each', {}, { $push: { a: { $each: 1 } } }, 'BadValue', 'The argument to $each in $push must be an array but it was of type: int'],
  ['$slice by a fraction', {}, { $push: { a: { $each: [], $slice: 1.5 } } }, 'BadValue', 'The value for $slice must be an integer value but was given type: double'],
  ['$position by a string', {}, { $push: { a: { $each: [], $position: 'x' } } }, 'BadValue', 'The value for $position must be an integer value, not of type: string'],
  ['$sort by 2', {}, { $push: { a: { $each: [], $sort: 2 } } }, 'BadValue', 'The sort element value must be either 1 or -1'],
  ['$sort by a string', {}, { $push: { a: { $each: [], $sort: 'x' } } }, 'BadValue', 'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields'],
  ['$sort by nothing', {}, { $push: { a: { $each: [], $sort: {} } } }, 'BadValue', 'The sort pattern is empty when it should be a set of fields.'],
  ['$sort by an empty name', {}, { $push: { a: { $each: [], $sort: { 'a..b': 1 } } } }, 'BadValue', 'empty part: a..b'],
  ['$addToSet to no array', { a: 1 }, { $addToSet: { a: 1 } }, 'BadValue', "Cannot apply $addToSet to non-array field. Field named 'a' has non-array type int"],
  ['$addToSet of no array with $each', {}, { $addToSet: { a: { $each: 1 } } }, 'TypeMismatch', 'The argument to $each in $addToSet must be an array but it was of type int'],
  ['$addToSet with more than $each', {}, { $addToSet: { a: { $each: [], $slice: 1 } } }, 'BadValue', 'Found unexpected fields after $each in $addToSet: { $each: [], $slice: 1 }'],
  ['$pop by 2', {}, { $pop: { a: 2 } }, 'FailedToParse', '$pop expects 1 or -1, found: 2'],
  ['$pop by a string', {}, { $pop: { a: 'x' } }, 'FailedToParse', 'Expected a number in: a: "x"'],
  ['$pop of no array', { a: 1 }, { $pop: { a: 1 } }, 'TypeMismatch', "Path 'a' contains an element of non-array type 'int'"],
  ['$pull from no array', { a: 1 }, { $pull: { a: 1 } }, 'BadValue', 'Cannot apply $pull to a non-array value'],
  ['$pull with an unknown operator', {}, { $pull: { a: { $foo: 1 } } }, 'BadValue', '$foo'],
  ['$pullAll by a number', {}, { $pullAll: { a: 1 } }, 'BadValue', '$pullAll requires an array argument but was given a int'],
  ['$rename to a number', {}, { $rename: { a: 1 } }, 'BadValue', "The 'to' field for $rename must be a string: a: 1"],
  ['$rename to itself', {}, { $rename: { a: 'a' } }, 'BadValue', 'The source and target field for $rename must differ: a: "a"'],
  ['$rename into itself', {}, { $rename: { a: 'a.b' } }, 'BadValue', 'must not be on the same path: a: "a.b"'],
  ['$rename from $[]', {}, { $rename: { 'a.$[]': 'b' } }, 'BadValue', 'The source field for $rename may not be dynamic: a.$[]'],
  ['$rename to $', {}, { $rename: { a: 'b.$' } }, 'BadValue', 'The destination field for $rename may not be dynamic: b.$'],
  ['$rename to an empty path', {}, { $rename: { a: '' } }, 'EmptyFieldName', 'An empty update path is not valid.'],
  ['$rename of an item', { _id: 7, a: [1] }, { $rename: { 'a.0': 'b' } }, 'BadValue', "The source field cannot be an array element, 'a.0' in doc with _id: 7 has an array field called 'a'"],
  ['$rename to an item', { _id: 7, a: [1], b: 1 }, { $rename: { b: 'a.0' } }, 'BadValue', "The destination field cannot be an array element, 'a.0' in doc with _id: 7 has an array field called 'a'"],
  ['$rename from inside a scalar', { a: 1 }, { $rename: { 'a.b': 'c' } }, 'PathNotViable', 'to traverse the element ({a: 1})'],

  ['a document of more than 16 MiB', { a: 'x'.repeat(9 << 20) }, { $set: { b: 'x'.repeat(8 << 20) } }, 'BSONObjectTooLarge', 'Resulting document after update is larger than 16777216'],
  ['nesting deeper than 180', { a: deep(100) }, { $set: { [Array(100).fill('a').join('.')]: deep(100) } }, 'Overflow', 'Document exceeds maximum nesting depth of 180'],
]

function deep(levels: number): Document {
  return levels === 0 ? {} : { a: deep(levels - 1) }
}

function refusalOf(run: () => unknown): Pick<CommandError, 'codeName' | 'message'> | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error
    throw error
  }
}

for (const [claim, before, update, codeName, words, options] of refusals) {
  test(`refused: ${claim}`, () => {
    const refusal = refusalOf(() => outcome(before, update, options))
    expect(refusal?.codeName).toBe(codeName)
    expect(refusal?.message).toContain(words)
  })
}

test('a refused argument is refused before there is a document', () => {
  expect(refusalOf(() => compiled({ $inc: { a: 'x' } }))).toMatchObject({ codeName: 'TypeMismatch' })
})

test('only an update whose path has a $ wants to know where the filter matched', () => {
  const asks = (update: unknown, options?: RunOptions) => compiled(update, options).usesPosition
  expect(asks({ $set: { 'a.$.b': 1 } })).toBe(true)
  expect(asks({ $set: { 'a.$[].b': 1, 'a.$[x].c': 1 } }, { arrayFilters: x })).toBe(false)
  expect(asks({ a: 1 })).toBe(false)
})

test('a replacement keeps the _id, in front', () => {
  const replaced = (before: Document, update: Document) => outcome(before, update)
  expect(replaced({ _id: 1, a: 1 }, { b: 2 })).toMatchObject({ after: textOf({ _id: 1, b: 2 }), diff: 'whole' })
  expect(replaced({ _id: 1, a: 1 }, {})).toMatchObject({ after: textOf({ _id: 1 }) })
  expect(replaced({ _id: 1, a: 1 }, { b: 2, _id: 1 })).toMatchObject({ after: textOf({ _id: 1, b: 2 }) })
  expect(replaced({ _id: 1, a: 1 }, { _id: new Double(1), a: 2 })).toMatchObject({ after: textOf({ _id: 1, a: 2 }) })
  expect(replaced({ _id: 1, a: 1 }, { a: 1 })).toMatchObject({ diff: 'nothing' })
})

test('a zero timestamp in a replacement stands for the time of the write', () => {
  const zero = new Timestamp({ t: 0, i: 0 })
  const time = new Timestamp({ t: 7, i: 1 })
  expect(outcome({ _id: 1 }, { a: zero, b: { c: zero } })).toMatchObject({
    after: textOf({ _id: 1, a: time, b: { c: zero } }),
  })
  expect(outcome({ _id: 1 }, { $set: { a: zero } })).toMatchObject({ after: textOf({ _id: 1, a: zero }) })
})

test('a pipeline is told as a delta when that is shorter, else as a replacement', () => {
  const long = 'x'.repeat(100)
  const piped = (before: Document, after: Document) => outcome(before, [], { piped: () => after })
  expect(piped({ _id: 1, x: 1 }, { _id: 1, x: 2 })).toMatchObject({ diff: 'whole' })
  expect(piped({ _id: 1, x: 1, long }, { _id: 1, x: 2, long })).toMatchObject({ diff: textOf({ u: { x: 2 } }) })
  expect(piped({ _id: 1, x: 1 }, { x: 1 })).toMatchObject({ diff: 'nothing' })
  expect(piped({ _id: 1, x: 1, long }, { long })).toMatchObject({ diff: textOf({ d: { x: false } }) })
})

type Upsert = readonly [
  claim: string,
  equalities: [string, unknown][],
  update: unknown,
  after: Document,
  options?: RunOptions,
]

// prettier-ignore
const upserts: readonly Upsert[] = [
  ['equalities, then operators', [['b', 1], ['a.x', 2]], { $set: { c: 3 }, $inc: { b: 1 } }, { b: 2, a: { x: 2 }, c: 3 }],
  ['$setOnInsert', [['_id', 1]], { $setOnInsert: { a: 1 }, $set: { b: 2 } }, { _id: 1, a: 1, b: 2 }],
  ['an _id of the update goes in front', [['b', 1]], { $set: { _id: 5 } }, { _id: 5, b: 1 }],
  ['an _id made of equalities', [['a', 1], ['_id.x', 1], ['_id.y', 2]], { $set: { b: 1 } }, { _id: { x: 1, y: 2 }, a: 1, b: 1 }],
  ['no _id when nothing gives one', [['a', 1]], { $set: { b: 2 } }, { a: 1, b: 2 }],
  ['$unset of what an equality gave', [['a', 1], ['b', 1]], { $unset: { a: 1 } }, { b: 1 }],
  ['$push to what an equality gave', [['a', [1]]], { $push: { a: 2 } }, { a: [1, 2] }],
  ['no operators', [['a', 1]], { $inc: {} }, { a: 1 }],
  ['a replacement takes only the _id', [['a', 1], ['_id', 5]], { b: 2 }, { _id: 5, b: 2 }],
  ['a replacement with the same _id', [['_id', 5]], { b: 2, _id: 5 }, { _id: 5, b: 2 }],
  ['a replacement that brings the _id', [['a', 1]], { b: 2, _id: 5 }, { _id: 5, b: 2 }],
  ['a pipeline works on the equalities', [['a', 1], ['_id', 5]], [], { _id: 5, b: 'x' }, { piped: () => ({ b: 'x' }) }],
]

const applyToMissing = (equalities: readonly [string, unknown][], update: unknown, options?: RunOptions): string => {
  const values = equalities.map(([path, value]) => [path, valueOf(value)] as const)
  return textOf(compiled(update, options).applyToMissing(values, moment))
}

for (const [claim, equalities, update, after, options] of upserts) {
  test(`upsert: ${claim}`, () => {
    expect(applyToMissing(equalities, update, options)).toBe(textOf(after))
  })
}

type UpsertRefusal = readonly [
  claim: string,
  equalities: [string, unknown][],
  update: unknown,
  codeName: string,
  words: string,
]

// prettier-ignore
const upsertRefusals: readonly UpsertRefusal[] = [
  ['the same path twice', [['a', 1], ['a', 2]], { $set: { b: 1 } }, 'NotSingleValueField', "cannot infer query fields to set, path 'a' is matched twice"],
  ['a path inside another', [['a', {}], ['a.b', 2]], { $set: { b: 1 } }, 'NotSingleValueField', "cannot infer query fields to set, both paths 'a.b' and 'a' are matched"],
  ['another _id', [['_id', 1]], { $set: { _id: 2 } }, 'ImmutableField', "would modify the immutable field '_id'"],
  ['a replacement with another _id', [['_id', 1]], { _id: 2 }, 'ImmutableField', 'altered to _id: 2'],
  ['a replacement and half an _id', [['_id.x', 1]], { a: 2 }, 'NotExactValueField', "field at '_id' must be exactly specified, field at sub-path '_id.x'found"],
  ['an array as _id', [], { $set: { _id: [1] } }, 'InvalidIdField', "The '_id' value cannot be of type array"],
  ['$, for nothing has matched', [['a', [1]]], { $set: { 'a.$': 1 } }, 'BadValue', 'The positional operator did not find the match needed from the query.'],
]

for (const [claim, equalities, update, codeName, words] of upsertRefusals) {
  test(`upsert refused: ${claim}`, () => {
    const refusal = refusalOf(() => applyToMissing(equalities, update))
    expect(refusal?.codeName).toBe(codeName)
    expect(refusal?.message).toContain(words)
  })
}

test('the document that is read is not changed', () => {
  const before = bytesOf({ _id: new ObjectId(), a: { b: [1, { c: new Int32(2) }] }, z: 'x' })
  const copy = textOf(before)
  const applied = compiled({ $set: { 'a.b.1.c': 3, y: 1 }, $unset: { z: 1 } }).apply(before, moment)
  expect(applied.kind).toBe('update')
  expect(textOf(before)).toBe(copy)
})

const casesFile = new URL('../../../shared/cases/query-and-update-cases.mjs', import.meta.url)
const hasCases = existsSync(casesFile)
type SharedCase = readonly [
  claim: string,
  before: Document,
  update: Document,
  after: Document | 'error' | ((after: Document) => boolean),
  options?: { query?: Document; arrayFilters?: Document[] },
]

test.skipIf(!hasCases)(
  `the shared cases${hasCases ? '' : ` (skipped: there is no ${casesFile.pathname})`}`,
  async () => {
    const { U } = (await import(casesFile.href)) as { U: readonly SharedCase[] }
    const { deserialize } = await import('bson')
    for (const [claim, before, update, after, options = {}] of U) {
      const { query, arrayFilters } = options
      const arrayIndex = query && compileMatchedIndex(valueOf(query), {})(bytesOf(before))
      const run = () =>
        compiled(update, arrayFilters === undefined ? {} : { arrayFilters }).apply(bytesOf(before), {
          ...moment,
          arrayIndex,
        })
      if (after === 'error') {
        expect(refusalOf(run), claim).toBeInstanceOf(CommandError)
        continue
      }
      const applied = run()
      const result = applied.kind === 'nothing' ? bytesOf(before) : applied.after
      if (typeof after === 'function') expect(after(deserialize(result, { promoteValues: false })), claim).toBe(true)
      else expect(textOf(result), claim).toBe(textOf(after))
    }
  },
)

test('an update of very many fields takes time in proportion to them', () => {
  const names = Array.from({ length: 20_000 }, (_, number) => `field${number}`)
  const fields = (value: number) => Object.fromEntries(names.map(name => [name, value]))
  const beganMs = performance.now()
  const applied = compiled({ $set: fields(2) }).apply(bytesOf({ _id: 1, ...fields(1) }), moment)
  expect(applied.kind === 'update' && textOf(applied.after)).toBe(textOf({ _id: 1, ...fields(2) }))
  // A second at most; when each field was looked for among all others it was twenty seconds.
  expect(performance.now() - beganMs).toBeLessThan(5000)
})

const count = 200_000
const numbers = Array.from({ length: count }, (_, number) => number)

test.each([
  ['$push into nothing', {}, { $push: { a: { $each: numbers } } }, count],
  ['$push in front', { a: [-1] }, { $push: { a: { $each: numbers, $position: 0 } } }, count + 1],
  ['$addToSet', { a: numbers }, { $addToSet: { a: { $each: numbers.map(number => number * 2) } } }, count * 1.5],
  ['$pullAll', { a: numbers }, { $pullAll: { a: numbers.map(number => number * 2) } }, count / 2],
])('%s takes very many values, in time', (_, before, update, length) => {
  const beganMs = performance.now()
  const applied = compiled(update).apply(bytesOf(before), moment)
  expect(applied.kind === 'update' && deserialize(applied.after).a.length).toBe(length)
  expect(performance.now() - beganMs).toBeLessThan(10_000)
})

test('a pipeline may remove more fields than a call takes arguments', () => {
  const many = Object.fromEntries(numbers.map(number => [`f${number}`, 1]))
  const applied = compiled([], { piped: () => ({ z: 1 }) }).apply(bytesOf({ ...many, z: 1 }), moment)
  expect(applied.kind).toBe('replace')
})

test('what a pipeline makes may be as deep as any document, and no deeper', () => {
  const nested = (levels: number): Document => ({ a: levels === 1 ? 1 : nested(levels - 1) })
  const made = (levels: number) => compiled([], { piped: () => nested(levels) })
  expect(made(180).apply(bytesOf({}), moment).kind).toBe('replace')
  for (const levels of [181, 3000]) {
    expect(() => made(levels).apply(bytesOf({}), moment)).toThrow('maximum nesting depth of 180')
    expect(() => made(levels).applyToMissing([], moment)).toThrow('maximum nesting depth of 180')
  }
})

test('of two fields with one name the first is updated, however many others are', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, number) => [`f${number}`, 1]))
  const twice = Buffer.from(bytesOf({ ...many, x: 1, y: 1 }))
  twice[twice.lastIndexOf('y')] = 'x'.charCodeAt(0)
  const applied = compiled({ $set: { ...many, f0: 2, x: 2 } }).apply(twice, moment)
  expect(applied.kind === 'update' && Buffer.from(applied.after).toString('latin1')).toContain(
    '\x10x\0\x02\0\0\0\x10x\0\x01',
  )
})
