/** $lastN: the last items of an array, at most `n`, in their order. */
import { counted } from '../accumulations.ts'

export const operator = counted('$lastN', 'Location5787801', (items, countMax) => items.slice(-countMax))
