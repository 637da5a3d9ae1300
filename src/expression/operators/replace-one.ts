/** $replaceOne: a text in which the first place of another text has a third one instead. */
import { replacer } from '../replacing.ts'

export const operator = replacer('$replaceOne', (text, find, replacement) => text.replace(find, () => replacement))
