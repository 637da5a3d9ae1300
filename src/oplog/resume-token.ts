/** Resume tokens: a position in the log in MongoDB's own KeyString format, so that tools that decode tokens work. */
import { Bug } from '../base/assert.ts'
import type { Value } from '../bson/value.ts'

/** What a token says. Versions 0 and 1 are read, 2 is written unless asked otherwise. */
export interface TokenParts {
  readonly clusterTime: bigint
  readonly version: 0 | 1 | 2
  readonly tokenType: 'high-water-mark' | 'event'
  readonly txnOpIndex: number
  readonly fromInvalidate: boolean
  /** 16 bytes; undefined where the event has none (dropDatabase, high-water marks). */
  readonly uuid: Uint8Array | undefined
  /** V2: `{ operationType, documentKey }` and its relatives; V0, V1: the documentKey. A document. */
  readonly eventIdentifier: Value | undefined
  readonly fragmentNum: number | undefined
}

/** `{ _data: 'HEX'[, _typeBits] }`, as a document. */
export function encodeResumeToken(_parts: TokenParts): Uint8Array {
  throw new Bug('not written yet')
}

/** @throws CommandError with the code of ../reference table 5.7 for anything that is not a token. */
export function decodeResumeToken(_token: Value): TokenParts {
  throw new Bug('not written yet')
}

/** The high-water-mark token of a time: everything before it was seen, nothing at it. */
export function highWaterMarkToken(_clusterTime: bigint): Uint8Array {
  throw new Bug('not written yet')
}
