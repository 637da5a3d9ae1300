/**
 * Random pieces of commands: nearly right, so that they get far, and wrong in some place. Documents are Maps, since a field
 * may be called `__proto__` and `1` may stand behind `a`.
 *
 *   operator and stage names come from the registries: a new one is attacked because it exists
 */
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import * as fc from 'fast-check'
import * as accumulators from '../../src/aggregate/accumulators/all.ts'
import * as stages from '../../src/aggregate/stages/all.ts'
import * as expressions from '../../src/expression/operators/all.ts'
import * as filters from '../../src/query/operators/all.ts'
import * as updates from '../../src/update/operators/all.ts'

export type Wild = fc.Arbitrary<unknown>
type Table = Readonly<Record<string, Wild>>

const namesOf = (registry: object): string[] =>
  Object.values(registry).flatMap(member => {
    const { name, aliases = [] } = member as { name?: string; aliases?: string[] }
    return name === undefined ? [] : [name, ...aliases]
  })

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const words = (text: string): string[] => text.trim().split(/\s+/)

export const map = (fields: Readonly<Record<string, unknown>>): Map<string, unknown> => new Map(Object.entries(fields))

/** A document with these fields, each of which is there or not. */
const some = (table: Table): Wild =>
  fc.record(table, { requiredKeys: [] }).map(fields => map(fields as Record<string, unknown>))

/** A document with all of them. */
const all = (table: Table): Wild => fc.record(table).map(fields => map(fields as Record<string, unknown>))

const entries = (name: fc.Arbitrary<string>, value: Wild, maxLength = 3): Wild =>
  fc.array(fc.tuple(name, value), { maxLength }).map(pairs => new Map(pairs))

export const list = (item: Wild, maxLength = 3): Wild => fc.array(item, { maxLength })

// Numbers at which something ends.
const longs = [
  '0',
  '1',
  '-1',
  '2147483648',
  '-2147483649',
  '9223372036854775807',
  '-9223372036854775808',
  '8640000000001',
]
const doubles = [0, -0, 0.5, 1.5, -1, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, NaN, Infinity, -Infinity, 5e-324]
const decimals = ['0', '-0', '1', '1.5', 'NaN', 'Infinity', '-Infinity', '9E6144', '1E-6176', '9223372036854775808']
const number: Wild = fc.oneof(
  {
    weight: 4,
    arbitrary: oneOf(-2, -1, 0, 1, 2, 3, 10, 100, 59, 2_147_483_647, -2_147_483_648).map(n => new Int32(n)),
  },
  { weight: 1, arbitrary: oneOf(...longs).map(text => Long.fromString(text)) },
  { weight: 1, arbitrary: oneOf(...doubles).map(double => new Double(double)) },
  { weight: 1, arbitrary: oneOf(...decimals).map(text => Decimal128.fromString(text)) },
)

const patterns = [
  '',
  'a',
  '^a',
  '(a+)+$',
  '(',
  '[',
  'a{2,1}',
  '(?<n>a)',
  '(?i)A',
  '\\d{2}',
  '\\p{L}',
  '[[:alpha:]]',
  '(?=a)',
  '\\1',
  'é$',
]
const texts = [
  ...words(
    'a b ab A é 😀 UTC Europe/Berlin +02 -99:99 year month week day hour isoWeek monday int string bool objectId array 0x10 1e400',
  ),
  ...words(
    '$ $a $b $c $$ROOT $$NOW $$this $$value $$x $$CURRENT.a $$REMOVE $$DESCEND $$PRUNE $$KEEP $$CLUSTER_TIME $$nobody $a.b $a..b',
  ),
  ...words('2020-02-30 2020-02-29T12:00:00Z %Y-%m-%dT%H:%M:%S.%LZ %G-W%V-%u %q %'),
  '',
  '\0',
  ' a ',
  '\u{10ffff}',
  'x'.repeat(3000),
]
const text = oneOf(...texts)
const objectId = oneOf('5'.repeat(24), '0'.repeat(24)).map(hex => new ObjectId(hex))
const timestamp = oneOf(0n, 0x1_0000_0001n, 1_700_000_000n << 32n, 2n ** 64n - 1n).map(bits => new Timestamp(bits))
const date = oneOf(0, 1, -1, 1_582_934_400_000, 8.64e15, -8.64e15, -62_135_596_800_001).map(ms => new Date(ms))
const uuid = oneOf(0, 1).map(byte => new Binary(Buffer.alloc(16, byte), 4))

const leaf: Wild = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 4, arbitrary: text },
  fc.boolean(),
  date,
  timestamp,
  objectId,
  uuid,
  fc.constant(null),
  fc.tuple(oneOf(...patterns), oneOf('', 'i', 'imsx')).map(([pattern, options]) => new BSONRegExp(pattern, options)),
  fc
    .tuple(oneOf(0, 1, 3, 5, 6, 7, 9, 128), oneOf(0, 1, 16))
    .map(([subtype, size]) => new Binary(Buffer.alloc(size, 7), subtype)),
  oneOf<unknown>(new MinKey(), new MaxKey(), new Code('a'), new Code('a', { a: 1 }), new BSONSymbol('a')),
)

const path = oneOf(
  ...words(
    'a a a a a a a b b b b b c c c c d d d d e e e _id a.b a.b a.c a.0 a.b.c a.b.c a.1.b d.x d.x d.y.b d.y.b c.0 c.1 c.2 x.x.x',
  ),
  ...words('a.$ a.$[] a.$[] c.$[] d.y.$[].b a.$[i] a.$[i].b $a a..b a. .a a.$b a.01 a.4000000000 x x.x x y z'),
  ...words('__proto__ constructor a.constructor toString length operationType ns.coll fullDocument.a documentKey.a'),
  '',
  'x.'.repeat(120) + 'x',
)

/** Any value, in which operators may stand in the wrong place. */
const { wild } = fc.letrec<{ wild: unknown }>(tie => ({
  wild: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    { weight: 1, arbitrary: list(tie('wild')) },
    { weight: 1, arbitrary: entries(path, tie('wild')) },
    { weight: 1, arbitrary: entries(oneOf(...everyName()), tie('wild'), 2) },
  ),
}))
export const wildValue: Wild = wild

function everyName(): string[] {
  const own = [expressions, filters, updates, stages, accumulators].flatMap(namesOf)
  return [
    ...own,
    ...words('$ $each $slice $constructor $__proto__ $nothing $where $text $near $lookup $out $facet $$ $a'),
  ]
}

export const storedDocument: Wild = entries(oneOf(...words('_id a b c d e x')), wild, 5)

/** What operators that are written with an object take. */
const namedArguments: Readonly<Record<string, readonly string[]>> = {
  $map: words('input as in'),
  $filter: words('input as cond limit'),
  $reduce: words('input initialValue in'),
  $cond: words('if then else'),
  $convert: words('input to onError onNull format byteOrder base'),
  $getField: words('field input'),
  $setField: words('field input value'),
  $unsetField: words('field input'),
  $zip: words('inputs useLongestLength defaults'),
  $trim: words('input chars'),
  $ltrim: words('input chars'),
  $rtrim: words('input chars'),
  $regexMatch: words('input regex options'),
  $regexFind: words('input regex options'),
  $regexFindAll: words('input regex options'),
  $replaceOne: words('input find replacement'),
  $replaceAll: words('input find replacement'),
  $firstN: words('n input'),
  $lastN: words('n input'),
  $maxN: words('n input'),
  $minN: words('n input'),
  $dateAdd: words('startDate unit amount timezone'),
  $dateSubtract: words('startDate unit amount timezone'),
  $dateDiff: words('startDate endDate unit timezone startOfWeek'),
  $dateTrunc: words('date unit binSize timezone startOfWeek'),
  $dateToParts: words('date timezone iso8601'),
  $dateToString: words('date format timezone onNull'),
  $dateFromString: words('dateString format timezone onError onNull'),
  $dateFromParts: words('year month day hour minute second millisecond timezone isoWeekYear isoWeek isoDayOfWeek'),
  $hour: words('date timezone'),
  $year: words('date timezone'),
  $top: words('sortBy output'),
  $topN: words('n sortBy output'),
  $bottom: words('sortBy output'),
  $bottomN: words('n sortBy output'),
}

const sort: Wild = entries(path, fc.oneof(oneOf(1, -1), wild, fc.constant(map({ $meta: 'textScore' }))))

const pieces = fc.letrec<Record<'expression' | 'filter' | 'predicate' | 'schema', unknown>>(tie => {
  const expression = tie('expression')
  const named = Object.entries(namedArguments).map(([name, fields]) =>
    some(Object.fromEntries(fields.map(field => [field, expression]))).map(argument => new Map([[name, argument]])),
  )
  const special: Wild[] = [
    all({ vars: entries(oneOf('x', 'y', 'X', 'ROOT', ''), expression), in: expression }).map(it => map({ $let: it })),
    all({ branches: list(some({ case: expression, then: expression })), default: expression }).map(it =>
      map({ $switch: it }),
    ),
    all({ input: expression, sortBy: fc.oneof(sort, oneOf(1, -1)) }).map(it => map({ $sortArray: it })),
    wild.map(it => map({ $literal: it })),
  ]
  const operator = oneOf(...namesOf(expressions), ...namesOf(accumulators))
  const predicate = tie('predicate')
  const filter = tie('filter')
  const tests: Table = {
    $in: list(wild),
    $nin: list(wild),
    $all: list(
      fc.oneof(
        wild,
        filter.map(it => map({ $elemMatch: it })),
      ),
    ),
    $elemMatch: fc.oneof(filter, predicate),
    $not: fc.oneof(predicate, wild),
    $exists: fc.oneof(fc.boolean(), wild),
    $type: fc.oneof(number, text, list(fc.oneof(number, text))),
    $size: number,
    $mod: list(number),
    $regex: fc.oneof(oneOf(...patterns), wild),
    $options: oneOf('', 'i', 'imsx', 'g', 'ii'),
    $eq: wild,
    $ne: wild,
    $gt: wild,
    $lte: wild,
    $bitsAllSet: fc.oneof(number, list(number), wild),
    $bitsAnyClear: fc.oneof(number, list(number), wild),
  }
  const schema = tie('schema')
  const bound = fc.oneof(number, wild)
  const keywords: Table = {
    ...Object.fromEntries(
      words('minimum maximum multipleOf minLength maxLength minItems maxItems minProperties').map(name => [
        name,
        bound,
      ]),
    ),
    ...Object.fromEntries(words('exclusiveMinimum uniqueItems').map(name => [name, fc.oneof(fc.boolean(), wild)])),
    bsonType: fc.oneof(text, list(text)),
    type: fc.oneof(text, list(text)),
    required: list(text),
    properties: entries(path, schema),
    patternProperties: entries(oneOf(...patterns), schema),
    additionalProperties: fc.oneof(fc.boolean(), schema),
    dependencies: entries(path, fc.oneof(list(text), schema)),
    items: fc.oneof(schema, list(schema)),
    additionalItems: fc.oneof(fc.boolean(), schema),
    enum: list(wild),
    pattern: oneOf(...patterns),
    allOf: list(schema),
    not: schema,
    title: wild,
    $ref: text,
    nothing: wild,
  }
  const test = fc.constantFrom(...Object.entries(tests)).chain(([name, value]) => value.map(it => map({ [name]: it })))
  return {
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 6, arbitrary: fc.oneof(leaf, leaf, text, wild) },
      {
        weight: 5,
        arbitrary: fc
          .tuple(operator, fc.oneof(list(expression, 4), list(expression, 2), expression))
          .map(it => new Map([it])),
      },
      { weight: 3, arbitrary: fc.oneof(...named) },
      { weight: 1, arbitrary: fc.oneof(...special) },
      { weight: 1, arbitrary: list(expression) },
      { weight: 1, arbitrary: entries(path, expression) },
    ),
    predicate: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 2, arbitrary: wild },
      { weight: 4, arbitrary: test },
      { weight: 1, arbitrary: entries(oneOf(...namesOf(filters)), wild, 2) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(test, test)
          .map(([a, b]) => new Map([...(a as Map<string, unknown>), ...(b as Map<string, unknown>)])),
      },
    ),
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 5, arbitrary: entries(path, predicate, 2) },
      { weight: 2, arbitrary: fc.tuple(oneOf('$and', '$or', '$nor'), list(filter)).map(it => new Map([it])) },
      { weight: 2, arbitrary: expression.map(it => map({ $expr: it })) },
      { weight: 1, arbitrary: schema.map(it => map({ $jsonSchema: it })) },
      { weight: 1, arbitrary: entries(oneOf(...namesOf(filters), '$where', '$text', '$comment'), wild, 1) },
    ),
    schema: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { weight: 1, arbitrary: wild },
      { weight: 4, arbitrary: some(keywords) },
    ),
  }
})

export const expression: Wild = pieces.expression
export const filter: Wild = pieces.filter

const push: Wild = some({ $each: list(wild), $slice: number, $sort: fc.oneof(sort, oneOf(1, -1)), $position: number })
const changes: Readonly<Record<string, Wild>> = {
  ...Object.fromEntries(namesOf(updates).map(name => [name, fc.oneof(wild, number)])),
  $push: fc.oneof(push, wild),
  $addToSet: fc.oneof(all({ $each: list(wild) }), wild),
  $pull: fc.oneof(pieces.predicate, filter),
  $pullAll: list(wild),
  $pop: oneOf(1, -1),
  $rename: path,
  $unset: fc.constant(''),
  $currentDate: fc.oneof(
    fc.constant(true),
    oneOf('date', 'timestamp', 'x').map($type => map({ $type })),
  ),
  $bit: entries(oneOf('and', 'or', 'xor', 'not'), number, 1),
}
const change = fc
  .constantFrom(...Object.entries(changes))
  .chain(([name, value]) => entries(path, value, 2).map(fields => [name, fields] as const))

const projection: Wild = entries(
  path,
  fc.oneof(
    { weight: 4, arbitrary: oneOf<unknown>(0, 1, true, false) },
    { weight: 2, arbitrary: expression },
    { weight: 1, arbitrary: fc.oneof(number, list(number)).map($slice => map({ $slice })) },
    { weight: 1, arbitrary: filter.map($elemMatch => map({ $elemMatch })) },
    { weight: 1, arbitrary: oneOf('textScore', 'sortKey', 'x').map($meta => map({ $meta })) },
  ),
)

const accumulation: Wild = fc.oneof(
  fc.tuple(oneOf(...namesOf(accumulators)), expression).map(it => new Map([it])),
  fc.oneof(
    ...words('$top $topN $bottomN $firstN $maxN').map(name =>
      some({ n: fc.oneof(number, expression), sortBy: sort, output: expression, input: expression }).map(it =>
        map({ [name]: it }),
      ),
    ),
  ),
)
const stageArguments: Table = {
  ...Object.fromEntries(namesOf(stages).map(name => [name, wild])),
  $match: filter,
  $project: projection,
  $addFields: entries(path, expression),
  $set: entries(path, expression),
  $unset: fc.oneof(path, list(path)),
  $replaceRoot: expression.map(newRoot => map({ newRoot })),
  $replaceWith: expression,
  $redact: expression,
  $group: fc
    .tuple(expression, entries(oneOf('x', 'y', 'a.b', '$x'), accumulation))
    .map(([_id, rest]) => new Map([['_id', _id], ...(rest as Map<string, unknown>)])),
  $sort: sort,
  $limit: number,
  $skip: number,
  $sample: some({ size: number }),
  $unwind: fc.oneof(text, some({ path: text, includeArrayIndex: path, preserveNullAndEmptyArrays: fc.boolean() })),
  $count: path,
  $sortByCount: expression,
  $documents: fc.oneof(list(storedDocument), expression),
  $changeStreamSplitLargeEvent: fc.constant(new Map()),
  $lookup: wild,
}
export const stage: Wild = fc
  .constantFrom(...Object.entries(stageArguments))
  .chain(([name, argument]) => argument.map(it => map({ [name]: it })))
export const pipeline: Wild = list(stage, 2)

export const update: Wild = fc.oneof(
  { weight: 5, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map(it => new Map<string, unknown>(it)) },
  { weight: 2, arbitrary: pipeline },
  { weight: 1, arbitrary: storedDocument },
)

const locale = fc.oneof(
  { weight: 20, arbitrary: oneOf('en', 'de', 'de@collation=phonebook') },
  oneOf('xx', '', 'simple'),
)
const collationOptions = some({
  strength: fc.oneof({ weight: 20, arbitrary: oneOf(1, 2, 3) }, wild),
  caseLevel: fc.boolean(),
  caseFirst: oneOf('upper', 'lower', 'off'),
  numericOrdering: fc.boolean(),
  alternate: oneOf('shifted', 'non-ignorable'),
  backwards: fc.boolean(),
  normalization: fc.boolean(),
})
const collation: Wild = fc
  .tuple(locale, collationOptions)
  .map(([it, rest]) => new Map([['locale', it], ...(rest as Map<string, unknown>)]))
const variables: Wild = entries(oneOf('x', 'y', 'X', 'ROOT', 'a.b', ''), expression)

/** Tokens of this server, whole and damaged. `_data` is hex, or what is not. */
const tokenData = [
  '826553F10000000001296E04',
  '8265',
  '82',
  '',
  'zz',
  '826553F100000000012B0229296E04',
  '826553F10000000001465A5F696400290004',
  'F'.repeat(60),
  '0'.repeat(60),
]
export interface TokenSource {
  /** `_data` of events that there were. */
  readonly seen: readonly string[]
}
const token = ({ seen }: TokenSource): Wild => {
  const damaged = fc
    .record({ which: fc.nat(), at: fc.nat(), digit: oneOf(...'0123456789ABCDEFx'), cut: fc.option(fc.nat()) })
    .map(({ which, at, digit, cut }) => {
      const whole = seen[which % Math.max(1, seen.length)] ?? tokenData[which % tokenData.length] ?? ''
      const place = at % Math.max(1, whole.length)
      const changed = whole.slice(0, place) + digit + whole.slice(place + 1)
      return cut === null ? changed : changed.slice(0, cut % (changed.length + 1))
    })
  const whole = fc.nat().map(which => seen[which % Math.max(1, seen.length)] ?? '')
  return fc.oneof(
    { weight: 4, arbitrary: damaged.map(_data => map({ _data })) },
    { weight: 3, arbitrary: whole.map(_data => map({ _data })) },
    { weight: 1, arbitrary: oneOf(...tokenData).map(_data => map({ _data })) },
    { weight: 1, arbitrary: wild },
    { weight: 1, arbitrary: some({ _data: wild, _typeBits: wild }) },
  )
}

/** A pipeline that watches. */
export const watching = (tokens: TokenSource): Wild => {
  const options = some({
    fullDocument: oneOf('default', 'updateLookup', 'whenAvailable', 'required', 'x'),
    fullDocumentBeforeChange: oneOf('off', 'whenAvailable', 'required'),
    resumeAfter: token(tokens),
    startAfter: token(tokens),
    startAtOperationTime: fc.oneof(timestamp, wild),
    showExpandedEvents: fc.boolean(),
    allChangesForCluster: fc.boolean(),
    showRawUpdateDescription: fc.boolean(),
    matchCollectionUUIDForUpdateLookup: fc.boolean(),
  })
  // Most streams start with one option or two: with all of them there are only refusals.
  const few = fc.tuple(options, fc.nat(2), fc.nat()).map(([table, keep, from]) => {
    const pairs = [...(table as Map<string, unknown>)]
    const begin = from % Math.max(1, pairs.length)
    return new Map([...pairs, ...pairs].slice(begin, begin + keep))
  })
  return fc
    .tuple(fc.oneof(few, few, options, wild), pipeline)
    .map(([it, rest]) => [map({ $changeStream: it }), ...(rest as unknown[])])
}

export const pieceTable = {
  filter,
  update,
  projection,
  sort,
  collation,
  variables,
  pipeline,
  storedDocument,
  number,
  text,
  path,
  wild: wildValue,
  uuid,
  expression,
  stage,
  flag: fc.boolean() as Wild,
} as const
export { all as everyField, some as someFields, oneOf }
