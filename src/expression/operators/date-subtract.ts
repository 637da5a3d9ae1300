/** $dateSubtract: a date so many units earlier. */
import { dateShift } from '../date-shift.ts'

export const operator = dateShift('$dateSubtract', -1)
