/** Shows parameters: those named, or all with `'*'` or `{ allParameters: true }`. */
import { CommandError } from '../../base/errors.ts'
import { getField } from '../../bson/reader.ts'
import { isDocument, isString, toText, type Value } from '../../bson/value.ts'
import type { Command } from '../command.ts'
import { bool, freeFields, optional, readDocumentFields } from '../fields.ts'

export const command: Command = {
  name: 'getParameter',
  adminOnly: true,
  run(request, { facts: { parameters } }) {
    const names = freeFields(request).map(([name]) => name)
    const { isAll, isDetailed } = parseSelection(getField(request.body, request.name))
    const shown = isAll ? parameters.all : names.map(name => [name, parameters.find(name)] as const)
    const found = shown.filter(([, value]) => value !== undefined)
    if (found.length === 0) throw new CommandError('InvalidOptions', 'no option found to get')
    return Object.fromEntries(found.map(([name, value]) => [name, isDetailed ? parameters.describe(name) : value]))
  },
}

function parseSelection(value: Value | undefined): { isAll: boolean; isDetailed: boolean } {
  if (!isDocument(value)) return { isAll: isString(value) && toText(value) === '*', isDetailed: false }
  const { allParameters, showDetails } = readDocumentFields('getParameter', value, {
    allParameters: optional(bool, false),
    showDetails: optional(bool, false),
  })
  return { isAll: allParameters, isDetailed: showDetails }
}
