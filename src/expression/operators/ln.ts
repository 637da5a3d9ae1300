/** $ln: the natural logarithm of a positive number. */
import { decimalLn } from '../decimal-functions.ts'
import { logarithm } from '../logarithms.ts'

export const operator = logarithm('$ln', 'Location28766', Math.log, decimalLn)
