/** What clients may send in place of a token, and the code that tells what is wrong. Source: MongoDB, resume_token.cpp. */
import { Binary, Int32, Timestamp } from 'bson'
import { valueOf } from '../bson/arbitrary.suite.ts'
import { encodeKeyString } from '../bson/key-string.ts'

const T = '826553F10000000001'
const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

const tokenOf = (data: unknown, more: object = {}) => ({ _data: data, ...more })

/** `_data` of these values. */
const dataOf = (...values: unknown[]): string => Buffer.from(encodeKeyString(values.map(valueOf)).bytes).toString('hex')

const clusterTime = new Timestamp({ t: 0x01010101, i: 0x01010101 })
const two = new Int32(2)
const v1 = new Int32(1)
const eventType = new Int32(128)
const zero = new Int32(0)
const id = new Binary(uuid, 4)
const bits = (content: string, subtype = 0) => ({ _typeBits: new Binary(Buffer.from(content, 'hex'), subtype) })

export const brokenTokens: readonly (readonly [what: string, token: unknown, code: number])[] = [
  ['no _data', {}, 40647],
  ['_data is no string', tokenOf(5), 40647],
  ['_typeBits are no binary', tokenOf(`${T}2B0429296E1404`, { _typeBits: 'x' }), 40648],
  ['_typeBits of a subtype', tokenOf(`${T}2B0429296E1404`, bits('00', 4)), 40648],
  ['an odd number of digits', tokenOf('826'), 9],
  ['something else than digits', tokenOf('82xx'), 9],
  ['nothing in it', tokenOf(''), 40649],
  ['only an end', tokenOf('04'), 40649],
  ['no time', tokenOf(dataOf({}, zero)), 9],
  ['a byte that begins no type', tokenOf(`${T}07`), 50811],
  ['a string without an end', tokenOf('3C61'), 50816],
  ['too few type bits', tokenOf(dataOf(clusterTime, ...Array.from({ length: 9 }, () => zero)), bits('01')), 50615],
  ['no version', tokenOf(dataOf(clusterTime)), 50796],
  ['a version of a wrong type', tokenOf(dataOf(clusterTime, 'x')), 50854],
  ['a version that is not known', tokenOf(dataOf(clusterTime, new Int32(3))), 50795],
  ['no type', tokenOf(dataOf(clusterTime, two)), 51055],
  ['a type of a wrong type', tokenOf(dataOf(clusterTime, two, 'x')), 51056],
  ['a type that is not known', tokenOf(dataOf(clusterTime, two, v1)), 51057],
  ['no txnOpIndex', tokenOf(dataOf(clusterTime, two, eventType)), 50793],
  ['a txnOpIndex of a wrong type', tokenOf(dataOf(clusterTime, two, eventType, 'x')), 50855],
  ['a negative txnOpIndex', tokenOf(dataOf(clusterTime, two, eventType, new Int32(-1))), 50794],
  ['no fromInvalidate', tokenOf(dataOf(clusterTime, two, eventType, zero)), 50872],
  ['a fromInvalidate of a wrong type', tokenOf(dataOf(clusterTime, two, eventType, zero, zero)), 50870],
  ['neither UUID nor null', tokenOf(dataOf(clusterTime, two, eventType, zero, false)), 6189500],
  ['a UUID that is a string', tokenOf(dataOf(clusterTime, two, eventType, zero, false, 'x')), 207],
  ['a UUID of another subtype', tokenOf(dataOf(clusterTime, two, eventType, zero, false, new Binary(uuid, 0))), 207],
  ['a null in version 1', tokenOf(dataOf(clusterTime, v1, eventType, zero, false, null)), 207],
  ['a high-water mark with an event', tokenOf(dataOf(clusterTime, two, zero, zero, false, null, {})), 6189504],
  ['an event that is not there', tokenOf(dataOf(clusterTime, two, eventType, zero, false, id)), 6189501],
  ['an event that is a string', tokenOf(dataOf(clusterTime, two, eventType, zero, false, id, 'x')), 6189503],
  ['a fragment of a wrong type', tokenOf(dataOf(clusterTime, two, eventType, zero, false, id, {}, 'x')), 7182501],
  ['a negative fragment', tokenOf(dataOf(clusterTime, two, eventType, zero, false, id, {}, new Int32(-1))), 7182501],
  ['a value too many', tokenOf(dataOf(clusterTime, two, eventType, zero, false, id, {}, zero, zero)), 40646],
  ['a fragment in version 1', tokenOf(dataOf(clusterTime, v1, eventType, zero, false, id, {}, zero)), 40646],
  ['no document', 'x', 14],
]
