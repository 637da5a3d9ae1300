/** $replaceAll: a text in which every place of another text has a third one instead. */
import { replacer } from '../replacing.ts'

export const operator = replacer('$replaceAll', (text, find, replacement) => {
  // Nothing stands between any two code points, but not inside of one.
  if (find === '') return [...Array.from(text), ''].map(character => replacement + character).join('')
  return text.replaceAll(find, () => replacement)
})
