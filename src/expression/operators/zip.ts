/** $zip: the first items of several arrays in one array, then the second ones …: `{ inputs, useLongestLength, defaults }`. */
import { type CodeName, CommandError } from '../../base/errors.ts'
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { BsonType, type Value, isArray, isNullish, toBool, typeName } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import { requireMemory } from '../arrays.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$zip',
  required: { inputs: 'Location34465' },
  optional: ['useLongestLength', 'defaults'],
  notObject: 'Location34460',
  unknown: 'Location34464',
} as const

export const operator: ExpressionOperator = {
  name: '$zip',
  compile(argument, helpers) {
    const specs = namedSpecs(argument, shape)
    const compileAll = (list: Value, name: string, code: CodeName) =>
      requireList(list, name, code).map(spec => helpers.compileExpression(spec))
    const inputs = compileAll(specs.inputs, 'inputs', 'Location34461')
    const defaults = specs.defaults ? compileAll(specs.defaults, 'defaults', 'Location34462') : []
    const toLongest = specs.useLongestLength !== undefined && requireBool(specs.useLongestLength)
    requireFitting(inputs.length, defaults.length, toLongest)
    const { pace } = helpers
    return (document, variables) => {
      const columns: Value[][] = []
      for (const input of inputs) {
        const array = input(document, variables)
        if (array === undefined || isNullish(array)) return nullValue
        columns.push(requireColumn(array))
      }
      const counts = columns.map(column => column.length)
      const [shortest, longest] = [Math.min(...counts), Math.max(...counts)]
      const fillers = shortest === longest ? [] : defaults.map(evaluate => evaluate(document, variables))
      const rows: Value[] = []
      const rowCount = toLongest ? longest : shortest
      let bytes = 0
      for (let row = 0; row < rowCount; row++) {
        pace?.spend()
        const values = columns.map((column, index) => (row < column.length ? column[row] : fillers[index]))
        const made = arrayValue(values)
        requireMemory('$zip', (bytes += made.end - made.start))
        rows.push(made)
      }
      return arrayValue(rows)
    }
  },
}

function requireList(list: Value, name: string, code: CodeName): Value[] {
  if (isArray(list)) return itemsOf(list)
  throw new CommandError(code, `${name} must be an array of expressions, found ${typeName(list)}`)
}

function requireBool(value: Value): boolean {
  if (value.type === BsonType.bool) return toBool(value)
  throw new CommandError('Location34463', `useLongestLength must be a bool, found ${typeName(value)}`)
}

function requireFitting(inputCount: number, defaultCount: number, toLongest: boolean): void {
  if (inputCount === 0) throw new CommandError('Location34465', '$zip requires at least one input array')
  if (defaultCount === 0) return
  if (!toLongest) {
    throw new CommandError('Location34466', 'cannot specify defaults unless useLongestLength is true')
  }
  if (defaultCount !== inputCount) {
    throw new CommandError('Location34467', 'defaults and inputs must have the same length')
  }
}

function requireColumn(array: Value): Value[] {
  if (isArray(array)) return itemsOf(array)
  throw new CommandError('Location34468', `$zip found a non-array expression in input: ${show(array)}`)
}
