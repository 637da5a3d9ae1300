/** KeyString V1: a value as bytes whose order under memcmp is the order of values. */
import { Bug } from '../base/assert.ts'
import type { Value } from './value.ts'

export interface KeyString {
  readonly bytes: Uint8Array
  /** What the bytes do not tell: the number types, string or symbol. Empty when all bits are zero. */
  readonly typeBits: Uint8Array
}

/** The key of several values, all ascending, ended by 04. Equal values of different number types give equal bytes. */
export function encodeKeyString(_values: readonly Value[]): KeyString {
  throw new Bug('not written yet')
}

/** The values of a key with their types. @throws CommandError with the server's code for bytes that are no KeyString. */
export function decodeKeyString(_bytes: Uint8Array, _typeBits: Uint8Array): Value[] {
  throw new Bug('not written yet')
}

/** As `encodeKeyString` without type bits, for index and record keys: one field each, 1 ascending or -1 descending. */
export function encodeIndexKey(_values: readonly Value[], _directions: readonly (1 | -1)[]): Uint8Array {
  throw new Bug('not written yet')
}
