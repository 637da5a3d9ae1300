/** $firstN: the first items of an array, at most `n`. */
import { counted } from '../accumulations.ts'

export const operator = counted('$firstN', 'Location5787801', (items, countMax) => items.slice(0, countMax))
