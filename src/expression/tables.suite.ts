/** Tables of expressions and what they give. */
import { Decimal128, Double, EJSON, Int32, Long, deserialize, serialize } from 'bson'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { must } from '../base/assert.ts'
import { documentOf } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { type Value, documentBytes, documentValue } from '../bson/value.ts'
import { type CompileOptions, compileExpression } from './expression.ts'
import { type RootVariables, rootVariables } from './variables.ts'

export const int = (value: number): Int32 => new Int32(value)
export const long = (value: number | string): Long => Long.fromString(String(value))
export const double = (value: number): Double => new Double(value)
export const decimal = (text: string): Decimal128 => Decimal128.fromString(text)
/** What an expression gives that gives nothing. */
export const missing = 'no value'
const root: RootVariables = { nowMs: 1_700_000_000_000, clusterTime: 7n << 32n, random: () => 0.5 }

/** A value of the `bson` package, or plain JavaScript, as one of ours. */
export function valueOf(value: unknown): Value {
  return must(getField(serialize({ value }, { ignoreUndefined: false }), 'value'), 'the field that was written')
}

/** Extended JSON that tells all types apart. */
export function plain(value: Value | undefined): unknown {
  if (value === undefined) return missing
  const { value: field } = deserialize(documentBytes(documentOf([['value', value]])), {
    promoteValues: false,
    bsonRegExp: true,
  })
  return EJSON.serialize(field, { relaxed: false })
}

export interface RunOptions extends CompileOptions {
  readonly root?: Partial<RootVariables>
}

export function run(spec: unknown, document: object = {}, options: RunOptions = {}): Value | undefined {
  const evaluate = compileExpression(valueOf(spec), options)
  return evaluate(documentValue(serialize(document)), rootVariables({ ...root, ...options.root }))
}

/** One test a line: an expression, what it gives, and the document if it matters. */
export function gives(cases: readonly (readonly [spec: unknown, expected: unknown, document?: object])[]): void {
  for (const [spec, expected, document] of cases) {
    test(`${EJSON.stringify(spec)} of ${EJSON.stringify(document ?? {})}`, () => {
      const wanted = expected === missing ? missing : plain(valueOf(expected))
      expect(plain(run(spec, document))).toEqual(wanted)
      // Constants are evaluated when they are compiled; through a variable nothing is.
      if (document === undefined) expect(plain(run({ $let: { vars: { x: '$x' }, in: spec } }))).toEqual(wanted)
    })
  }
}

/** One test a line: an expression, the code that refuses it, and the document if it matters. */
export function refuses(cases: readonly (readonly [spec: unknown, codeName: string, document?: object])[]): void {
  for (const [spec, codeName, document] of cases) {
    test(`${EJSON.stringify(spec)} of ${EJSON.stringify(document ?? {})} is refused with ${codeName}`, () => {
      const refusal = expect.objectContaining({ codeName }) as CommandError
      expect(() => run(spec, document)).toThrow(refusal)
    })
  }
}
