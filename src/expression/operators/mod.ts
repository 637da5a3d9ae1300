/** $mod: the remainder of a division, with the sign of the dividend. */
import { CommandError } from '../../base/errors.ts'
import { moduloNumbers } from '../../bson/number.ts'
import { BsonType, isNumber, typeName } from '../../bson/value.ts'
import { binaryOrNull } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = binaryOrNull('$mod', (a, b) => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new CommandError('Location16611', `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  }
  if (!isTrue(b)) {
    const isDecimal = a.type === BsonType.decimal128 || b.type === BsonType.decimal128
    throw new CommandError(isDecimal ? 'Location5733415' : 'Location16610', "can't $mod by zero")
  }
  return moduloNumbers(a, b)
})
