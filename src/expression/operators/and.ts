/** $and: whether all operands are true; stops at the first that is not. */
import { falseValue, trueValue } from '../../bson/encode.ts'
import { shortCircuit } from '../conditions.ts'

export const operator = shortCircuit('$and', { stopsAt: false, stopped: falseValue, otherwise: trueValue })
