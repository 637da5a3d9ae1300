/** $replaceAll: a text in which every place of another text has a third one instead. */
import { requireMemory } from '../arrays.ts'
import { replacer } from '../replacing.ts'

export const operator = replacer('$replaceAll', (text, find, replacement) => {
  requireMemory('$replaceAll', text.length + placeCount(text, find, replacement) * replacement.length)
  // Nothing stands between any two code points, but not inside of one.
  return find === '' ? text.replace(/(?:)/gu, () => replacement) : text.replaceAll(find, () => replacement)
})

/** How many places there are; where even the most could not be too much, how many there are at the most. */
function placeCount(text: string, find: string, replacement: string): number {
  const most = Math.floor(text.length / Math.max(1, find.length)) + 1
  if (find === '' || most * replacement.length < text.length + 1024) return most
  let count = 0
  for (let at = text.indexOf(find); at !== -1; at = text.indexOf(find, at + find.length)) count++
  return count
}
