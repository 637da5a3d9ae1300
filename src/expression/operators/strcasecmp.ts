/** $strcasecmp: -1, 0 or 1: where a text stands seen from another, ASCII letters of both cases being the same. */
import { encodeUtf8 } from '../../bson/bytes.ts'
import { int32Value } from '../../bson/encode.ts'
import { binary } from '../operands.ts'
import { asciiUpper, coerceToText } from '../strings.ts'

export const operator = binary('$strcasecmp', (a, b) =>
  int32Value(Buffer.compare(encodeUtf8(asciiUpper(coerceToText(a))), encodeUtf8(asciiUpper(coerceToText(b))))),
)
