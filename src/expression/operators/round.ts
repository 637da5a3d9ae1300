/** $round: a number rounded to a place behind (or, negative, before) the point; ties go to the even neighbour. */
import { atPlace } from '../rounding.ts'

export const operator = atPlace('$round', 'half-even')
