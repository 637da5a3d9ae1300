/** Numbers that a string spells, as $convert reads them: the whole string, without spaces around it. */
import { CommandError } from '../base/errors.ts'
import { parseDecimal } from '../bson/decimal-convert.ts'
import type { Decimal } from '../bson/decimal.ts'

/** @throws CommandError ConversionFailure for what is no integer of `bits` bits. */
export function parseInteger(text: string, bits: 32 | 64): bigint {
  requireNoHex(text)
  if (!/^[+-]?\d+$/.test(text)) throw failure(text, reasonOf(text))
  // A bigint of a million digits would take minutes.
  const digits = text.replace(/^[+-]?0*/, '')
  const integer = digits.length > 20 ? undefined : BigInt(text.startsWith('-') ? `-0${digits}` : `0${digits}`)
  if (integer === undefined || BigInt.asIntN(bits, integer) !== integer) throw failure(text, 'Overflow')
  return integer
}

/** @throws CommandError ConversionFailure for what is no number, or larger than a double can be. */
export function parseDouble(text: string): number {
  requireNoHex(text)
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(text)) return NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw failure(text, reasonOf(text))
  const double = Number(text)
  if (!Number.isFinite(double)) throw failure(text, 'Out of range')
  return double
}

/** @throws CommandError ConversionFailure for what is no number, or larger than a decimal can be. */
export function parseDecimalText(text: string): Decimal {
  requireNoHex(text)
  const decimal = parseDecimal(text)
  if (decimal === undefined) throw failure(text, reasonOf(text))
  if (decimal.kind === 'infinity' && !/inf/i.test(text)) {
    throw failure(text, 'Conversion from string to decimal would overflow')
  }
  return decimal
}

function reasonOf(text: string): string {
  if (text === '') return 'Empty string'
  if (/^\s/.test(text)) return 'Leading whitespace'
  return /^[+-]$/.test(text) ? 'No digits' : 'Did not consume whole string.'
}

const failure = (text: string, reason: string): CommandError =>
  new CommandError('ConversionFailure', `Failed to parse number '${text}' in $convert with no onError value: ${reason}`)

function requireNoHex(text: string): void {
  if (text.startsWith('0x')) {
    throw new CommandError('ConversionFailure', `Illegal hexadecimal input in $convert with no onError value: ${text}`)
  }
}
