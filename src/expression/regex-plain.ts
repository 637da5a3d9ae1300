/** Patterns that are nothing but a text, perhaps at the beginning or the end: they need no engine. */
import type { RegexNode } from './regex-syntax.ts'

/** Whether a text has a match of a plain pattern; undefined for any other pattern. */
export function plainTest(root: RegexNode): ((text: string) => boolean) | undefined {
  const items = root.kind === 'sequence' ? [...root.items] : [root]
  const atStart = isAssertion(items.at(0), ['start'])
  if (atStart) items.shift()
  const atEnd = isAssertion(items.at(-1), ['end', 'end-or-last-newline'])
  const mayEndLine = isAssertion(items.at(-1), ['end-or-last-newline'])
  if (atEnd) items.pop()
  let plain = ''
  for (const item of items) {
    const codePoint = onlyCodePoint(item)
    if (codePoint === undefined) return undefined
    plain += String.fromCodePoint(codePoint)
  }
  if (!atEnd) return atStart ? text => text.startsWith(plain) : text => text.includes(plain)
  const line = `${plain}\n`
  if (atStart) return text => text === plain || (mayEndLine && text === line)
  return text => text.endsWith(plain) || (mayEndLine && text.endsWith(line))
}

const isAssertion = (node: RegexNode | undefined, which: readonly string[]): boolean =>
  node?.kind === 'assert' && which.includes(node.what)

function onlyCodePoint(node: RegexNode): number | undefined {
  if (node.kind !== 'set' || node.set.length !== 1) return undefined
  const [run] = node.set
  return run !== undefined && run[0] === run[1] ? run[0] : undefined
}
