/** $literal: its argument as it stands, dollars and all. */
import { type ExpressionOperator, constantly } from '../operator.ts'

export const operator: ExpressionOperator = { name: '$literal', compile: argument => constantly(argument) }
