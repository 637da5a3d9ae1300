/** $const: the older name of $literal. */
import { type ExpressionOperator, constantly } from '../operator.ts'

export const operator: ExpressionOperator = { name: '$const', compile: argument => constantly(argument) }
