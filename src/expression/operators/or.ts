/** $or: whether any operand is true; stops at the first that is. */
import { falseValue, trueValue } from '../../bson/encode.ts'
import { shortCircuit } from '../conditions.ts'

export const operator = shortCircuit('$or', { stopsAt: true, stopped: trueValue, otherwise: falseValue })
