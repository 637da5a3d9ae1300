import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index)

// RFC 3720, appendix B.4.
test.each([
  ['nothing', new Uint8Array(0), 0],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 times ff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', ascending, 0x46dd794e],
  ['31 to 0', ascending.toReversed(), 0x113fdb5c],
  ['the digits 1 to 9', Buffer.from('123456789'), 0xe3069283],
])('the checksum of %s is the published one', (_, bytes, checksum) => {
  expect(crc32c(bytes)).toBe(checksum)
})

test('a checksum goes on where another one ended', () => {
  for (let cut = 0; cut <= 32; cut++) {
    expect(crc32c(ascending.subarray(cut), crc32c(ascending.subarray(0, cut)))).toBe(crc32c(ascending))
  }
})
