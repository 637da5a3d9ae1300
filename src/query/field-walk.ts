/**
 * Tests of the top-level fields of a document: all that a filter asks is found in one walk over its elements, which
 * ends as soon as the outcome is known.
 */
import { readInt32 } from '../bson/bytes.ts'
import { BsonType } from '../bson/value.ts'
import {
  type NamePattern,
  compileName,
  endOf as endOfValue,
  goesOn as nameGoesOn,
  nameEnd as endOfName,
  readWordSafely,
} from './element.ts'
import { type DocumentTest, type ValueTest, missingType } from './operator.ts'

export interface FieldTest {
  /** One name, not a path. */
  readonly name: string
  readonly test: ValueTest
  /** Lets a value of one type be compared where it lies, without a call. */
  readonly literal?: Literal | undefined
}

/** A value of `type` passes when its bytes are `content`, and not otherwise. */
export interface Literal {
  readonly type: number
  readonly content: Uint8Array
}

/** Whether every one of `fields` passes: the first field of its name, or a missing one. */
export function compileWalk(fields: readonly FieldTest[]): DocumentTest {
  const [plan, ...others] = planWalks(fields)
  if (plan === undefined) return () => true
  if (others.length === 0) return (bytes, start) => passesWalk(plan, bytes, start)
  return (bytes, start) => passesWalk(plan, bytes, start) && others.every(other => passesWalk(other, bytes, start))
}

/**
 * The walks in which all of `fields` are found: one, unless there are very many. Of tests of one field, all must
 * pass.
 */
export function planWalks(fields: readonly FieldTest[]): WalkPlan[] {
  const merged = mergeNames(fields)
  const walkCount = Math.ceil(merged.length / fieldsInOneWalk)
  return Array.from({ length: walkCount }, (_, index) =>
    planWalk(merged.slice(index * fieldsInOneWalk, (index + 1) * fieldsInOneWalk)),
  )
}

// A set of fields is one integer.
const fieldsInOneWalk = 31

function mergeNames(fields: readonly FieldTest[]): FieldTest[] {
  const byName = new Map<string, FieldTest[]>()
  for (const field of fields) {
    const same = byName.get(field.name)
    if (same) same.push(field)
    else byName.set(field.name, [field])
  }
  return Array.from(byName, ([name, same]) => {
    const [only, another] = same
    return only !== undefined && another === undefined ? only : { name, test: allOf(same.map(({ test }) => test)) }
  })
}

/** A test that is passed when all of `tests` are. */
export function allOf(tests: readonly ValueTest[]): ValueTest {
  const [first, second] = tests
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (tests.length === 2) {
    return (type, bytes, start, end) => first(type, bytes, start, end) && second(type, bytes, start, end)
  }
  return (type, bytes, start, end) => {
    for (const test of tests) if (!test(type, bytes, start, end)) return false
    return true
  }
}

/** What one walk looks for. */
export interface WalkPlan {
  readonly count: number
  readonly wanted: readonly Wanted[]
  /** The first two, compared with every name; where there is none, one that has no name. */
  readonly first: Wanted
  readonly second: Wanted
  /** The others, by the first byte of their names. */
  readonly chains: readonly (Wanted | undefined)[] | undefined
}

function planWalk(fields: readonly FieldTest[]): WalkPlan {
  const wanted = fields.map(want)
  const [first = want(undefined, 0), second = want(undefined, 0), ...others] = wanted
  const chains = others.length === 0 ? undefined : chainByFirstByte(others)
  return { count: wanted.length, wanted, first, second, chains }
}

function chainByFirstByte(wanted: readonly Wanted[]): readonly (Wanted | undefined)[] {
  const chains = Array.from<Wanted | undefined>({ length: 256 }).fill(undefined)
  for (const field of wanted) {
    field.next = chains[field.word0 & 0xff]
    chains[field.word0 & 0xff] = field
  }
  return chains
}

/** A field to look for. */
interface Wanted extends NamePattern {
  readonly literalType: number
  readonly literal: Uint8Array
  readonly test: ValueTest
  /** Of this field in the set of those that were seen. */
  readonly bit: number
  /** Another one whose name begins with the same byte. */
  next: Wanted | undefined
  /**
   * Where a value lies that is asked when the walk is over. A plan is at one place of a filter: no test walks it
   * again.
   */
  postponedType: number
  postponedStart: number
}

/**
 * Without a field, one that is found nowhere. All of them are made here, and so of one shape, which keeps the walk
 * fast.
 */
function want(field: FieldTest | undefined, index: number): Wanted {
  const { nameBytes, word0, mask0, word1, mask1, rest } = compileName(field?.name ?? '')
  return {
    nameBytes,
    // No word is -1 behind a mask of zeros.
    word0: field ? word0 : -1,
    mask0: field ? mask0 : 0,
    word1,
    mask1,
    rest,
    literalType: field?.literal?.type ?? missingType,
    literal: field?.literal?.content ?? nothing,
    test: field?.test ?? never,
    bit: 1 << index,
    next: undefined,
    postponedType: missingType,
    postponedStart: 0,
  }
}

const nothing = new Uint8Array()
const never: ValueTest = () => false

// Constants of this module, for the engine's sake: see element.ts.
const readWord = readInt32
const readWordNearEnd = readWordSafely
const goesOn = nameGoesOn
const nameEnd = endOfName
const endOf = endOfValue
const { array: arrayType, document: documentType } = BsonType

/**
 * Whether every wanted field of the document at `start` passes.
 *
 * One function for all filters and not a closure for each: then the engine compiles it once, for all of them.
 */
export function passesWalk(plan: WalkPlan, bytes: Uint8Array, start: number): boolean {
  const { first, second, chains } = plan
  const { word0: firstWord, mask0: firstMask } = first
  const { word0: secondWord, mask0: secondMask } = second
  const bytesEnd = bytes.length
  // The whole buffer is the document, unless it lies inside another one.
  const end = (start === 0 ? bytesEnd : start + readWord(bytes, start)) - 1
  let left = plan.count
  let seen = 0
  let postponed = 0
  let at = start + 4
  while (at < end) {
    const type = bytes[at++] as number
    const word = at + 4 <= bytesEnd ? readWord(bytes, at) : readWordNearEnd(bytes, at)
    let field: Wanted | undefined
    if ((word & firstMask) === firstWord && goesOn(first, bytes, at)) field = first
    else if ((word & secondMask) === secondWord && goesOn(second, bytes, at)) field = second
    else if (chains !== undefined) {
      field = chains[word & 0xff]
      while (field && !((word & field.mask0) === field.word0 && goesOn(field, bytes, at))) field = field.next
    }
    if (field === undefined) {
      at = endOf(type, bytes, nameEnd(word, bytes, at) + 1)
      continue
    }
    at += field.nameBytes
    if ((seen & field.bit) !== 0) {
      at = endOf(type, bytes, at)
      continue
    }
    if (type === field.literalType) {
      const { literal } = field
      const length = literal.length
      for (let byte = 0; byte < length; byte++) if (bytes[at + byte] !== literal[byte]) return false
      at += length
    } else {
      const valueStart = at
      at = endOf(type, bytes, at)
      if (type === documentType || type === arrayType) {
        // Most of the work, and none at all when a later field does not pass.
        postponed |= field.bit
        field.postponedType = type
        field.postponedStart = valueStart
      } else if (!field.test(type, bytes, valueStart, at)) return false
    }
    seen |= field.bit
    if (--left === 0) break
  }
  return (left === 0 && postponed === 0) || passesRest(plan, bytes, { seen, postponed })
}

/** What the walk did not find, and what it put off. */
function passesRest(
  plan: WalkPlan,
  bytes: Uint8Array,
  { seen, postponed }: { seen: number; postponed: number },
): boolean {
  for (const { bit, test, postponedType: type, postponedStart: valueStart } of plan.wanted) {
    if ((seen & bit) === 0) {
      if (!test(missingType, bytes, 0, 0)) return false
    } else if ((postponed & bit) !== 0 && !test(type, bytes, valueStart, endOf(type, bytes, valueStart))) return false
  }
  return true
}
