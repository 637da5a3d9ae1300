/** $dateAdd: a date so many units later. */
import { dateShift } from '../date-shift.ts'

export const operator = dateShift('$dateAdd', 1)
