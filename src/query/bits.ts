/** What `$bitsAllSet`, `$bitsAllClear`, `$bitsAnySet` and `$bitsAnyClear` have in common. */
import { CommandError } from '../base/errors.ts'
import { readInt32 } from '../bson/bytes.ts'
import { toExactInteger } from '../bson/number.ts'
import { itemsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, Value, isNumber } from '../bson/value.ts'
import { int32Max, requireInteger } from './integer.ts'
import type { FieldOperator, ValueTest } from './operator.ts'

interface Question {
  readonly bits: 'all' | 'any'
  readonly are: 'set' | 'clear'
}

/**
 * The operator called `name`: whether all or any of the bits of a mask are set or clear in a whole number or binary.
 */
export function bitsOperator(name: string, question: Question): FieldOperator {
  return {
    name,
    of: 'field',
    compile(argument, { path }) {
      const positions = parsePositions(argument, { name, path })
      return { kind: 'value', arrays: 'items', test: compileBits(positions, question) }
    },
  }
}

/**
 * The bits that a mask names, 0 being the lowest: a list of positions, a whole number, or binary, lowest byte first.
 */
function parsePositions(mask: Value, { name, path }: { name: string; path: string }): number[] {
  if (mask.type === BsonType.array) {
    const rules = { codeName: 'BadValue', before: 'Failed to parse bit position. ', min: 0n, max: int32Max } as const
    return itemsOf(mask).map((position, index) => Number(requireInteger(position, { ...rules, name: String(index) })))
  }
  if (mask.type === BsonType.binary) {
    const bytes = mask.bytes.subarray(mask.start + 5, mask.end)
    return Array.from({ length: bytes.length * 8 }, (_, position) => position).filter(at => isBitSet(bytes, 0, at))
  }
  if (isNumber(mask)) {
    const bits = requireInteger(mask, { name, min: 0n })
    return Array.from({ length: 63 }, (_, position) => position).filter(at => ((bits >> BigInt(at)) & 1n) === 1n)
  }
  throw new CommandError(
    'BadValue',
    `${path} takes an Array, a number, or a BinData but received: ${name}: ${show(mask)}`,
  )
}

const isBitSet = (bytes: Uint8Array, start: number, position: number): boolean =>
  (((bytes[start + (position >> 3)] as number) >> (position & 7)) & 1) === 1

function compileBits(positions: readonly number[], { bits, are }: Question): ValueTest {
  let lowMask = 0
  let highMask = 0
  for (const position of positions) {
    // A number's sign goes on for ever.
    if (position < 32) lowMask |= 1 << position
    else highMask |= 1 << (Math.min(position, 63) - 32)
  }

  function inNumber(low: number, high: number): boolean {
    const lowHits = (are === 'set' ? low : ~low) & lowMask
    const highHits = (are === 'set' ? high : ~high) & highMask
    return bits === 'all' ? lowHits === lowMask && highHits === highMask : (lowHits | highHits) !== 0
  }

  function inBinary(bytes: Uint8Array, start: number, end: number): boolean {
    const isHit = (position: number) =>
      (position < (end - start) * 8 && isBitSet(bytes, start, position)) === (are === 'set')
    return bits === 'all' ? positions.every(isHit) : positions.some(isHit)
  }

  return (type, bytes, start, end) => {
    switch (type) {
      case BsonType.int32: {
        const low = readInt32(bytes, start)
        return inNumber(low, low >> 31)
      }
      case BsonType.int64:
        return inNumber(readInt32(bytes, start), readInt32(bytes, start + 4))
      case BsonType.double:
      case BsonType.decimal128: {
        const integer = toExactInteger(new Value(type, bytes, start, end))
        if (integer === undefined) return false
        return inNumber(Number(BigInt.asIntN(32, integer)), Number(BigInt.asIntN(32, integer >> 32n)))
      }
      case BsonType.binary:
        return inBinary(bytes, start + 5, end)
      default:
        return false
    }
  }
}
