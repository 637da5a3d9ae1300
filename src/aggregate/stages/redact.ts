/**
 * `{ $redact: expression }` keeps or leaves out documents and what is embedded in them. The expression says for each, with
 * $$CURRENT being it: $$KEEP it whole, $$PRUNE it whole, or $$DESCEND into it, into the items of its arrays too.
 */
import { CommandError } from '../../base/errors.ts'
import { arrayValue, stringValue } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { ElementReader } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { BsonType, documentBytes, documentValue, isString, toText } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { BsonWriter } from '../../bson/writer.ts'
import { compileExpression } from '../../expression/expression.ts'
import { each } from '../stage.ts'
import type { Stage, StageOptions } from '../stage.ts'

type Verdict = (root: Value, current: Value) => 'keep' | 'prune' | 'descend'

export const stage: Stage = {
  name: '$redact',
  inChangeStream: true,
  inUpdate: false,
  compile(spec, options) {
    const verdict = compileVerdict(spec, options)
    return each(document => {
      const root = documentValue(document)
      const left = redactDocument(root, current => verdict(root, current))
      return left === undefined ? undefined : documentBytes(left)
    })
  },
}

function compileVerdict(spec: Value, { collation, variables, variableNames = [], pace }: StageOptions): Verdict {
  // As in the server, the three are strings, so that an expression may also give 'keep'.
  const keep = stringValue('keep')
  const known = variables.with('KEEP', keep).with('PRUNE', stringValue('prune')).with('DESCEND', stringValue('descend'))
  const names = [...variableNames, 'CURRENT', 'KEEP', 'PRUNE', 'DESCEND']
  const evaluate = compileExpression(spec, { collation, variables: names, pace })
  return (root, current) => {
    const value = evaluate(root, known.with('CURRENT', current))
    const word = isString(value) ? toText(value) : undefined
    if (word === 'keep' || word === 'prune' || word === 'descend') return word
    throw new CommandError(
      'Location17053',
      `$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, ` +
        `but returned ${show(value)}`,
    )
  }
}

type Judge = (current: Value) => 'keep' | 'prune' | 'descend'

/** What is left of a document; itself when nothing was left out, undefined when all was. */
function redactDocument(document: Value, judge: Judge): Value | undefined {
  const word = judge(document)
  if (word === 'keep') return document
  if (word === 'prune') return undefined
  const elements = ElementReader.of(document)
  let writer: BsonWriter | undefined
  let copiedTo = document.start + 4
  while (elements.next()) {
    if (elements.type !== BsonType.document && elements.type !== BsonType.array) continue
    const before = elements.value
    const after = redactValue(before, judge)
    if (after === before) continue
    writer ??= new BsonWriter(document.end - document.start)
    writer.elements(document.bytes, copiedTo, elements.nameStart - 1)
    if (after !== undefined) writer.value(elements.name, after)
    copiedTo = elements.valueEnd
  }
  if (writer === undefined) return document
  writer.elements(document.bytes, copiedTo, document.end - 1)
  return documentValue(writer.finish())
}

function redactValue(value: Value, judge: Judge): Value | undefined {
  if (value.type === BsonType.document) return redactDocument(value, judge)
  if (value.type !== BsonType.array) return value
  const items = itemsOf(value)
  const left = items.map(item => redactValue(item, judge)).filter(item => item !== undefined)
  return left.length === items.length && left.every((item, index) => item === items[index]) ? value : arrayValue(left)
}
