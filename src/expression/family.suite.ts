/** Tables of the operators of one family, which all look at one document. */
import { EJSON } from 'bson'
import { codeNameOf } from '../base/errors.ts'
import { parseCollation } from '../bson/collation.ts'
import { gives, plain, refuses, run, valueOf } from './tables.suite.ts'

/** One test a line: an expression, and what it gives. */
export const testResults = (document: object, cases: readonly (readonly [spec: unknown, expected: unknown])[]): void =>
  gives(cases.map(([spec, expected]) => [spec, expected, document] as const))

/** One test a line: an expression, and the code that refuses it. */
export const testRefusals = (document: object, cases: readonly (readonly [spec: unknown, code: number])[]): void =>
  refuses(cases.map(([spec, code]) => [spec, codeNameOf(code), document] as const))

/** What an expression gives when strings compare by a collation, as text that tells types apart. */
export const collated = (spec: unknown, collation: object): string =>
  EJSON.stringify(plain(run(spec, {}, { collation: parseCollation(valueOf(collation)) })))

export const textOf = (value: unknown): string => EJSON.stringify(plain(valueOf(value)))
