/**
 * What the tests of this folder share: filters and documents as JavaScript objects, through the official `bson`
 * package.
 */
import { existsSync } from 'node:fs'
import { type Document, EJSON, deserialize, serialize } from 'bson'
import { expect } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { type Value, documentValue } from '../bson/value.ts'
import { rootVariables } from '../expression/variables.ts'
import { type MatchOptions, compileMatch, compileMatchedIndex } from './match.ts'
import { type ProjectOptions, compileProject } from './project.ts'

export const variables = rootVariables({ nowMs: Date.UTC(2024, 1, 29), clusterTime: 5n })

export const bytesOf = (document: Document): Uint8Array => serialize(document, { ignoreUndefined: false })
export const valueOf = (document: Document): Value => documentValue(bytesOf(document))
/** A document as text that tells types and the order of fields. */
export const textOf = (bytes: Uint8Array): string => textOfDocument(deserialize(bytes, { promoteValues: false }))
export const textOfDocument = (document: Document): string => EJSON.stringify(document, { relaxed: false })

export const matches = (filter: Document, document: Document, options: MatchOptions = {}): boolean =>
  compileMatch(valueOf(filter), { variables, ...options })(bytesOf(document))

export const matchedIndex = (filter: Document, document: Document): number | undefined =>
  compileMatchedIndex(valueOf(filter), { variables })(bytesOf(document))

export const project = (spec: Document, document: Document, options: Partial<ProjectOptions> = {}): string =>
  textOf(compileProject(valueOf(spec), { of: 'find', variables, ...options })(bytesOf(document)))

/** What `run` refuses, as `Code: words`; undefined when it does not. */
export function refusalOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof CommandError) return `${error.codeName}: ${error.message}`
    throw error
  }
  return undefined
}

/** Expects each filter to be refused with a message that begins so. */
export function expectRefusals(cases: readonly (readonly [filter: Document, refusal: string])[]): void {
  for (const [filter, refusal] of cases) {
    const found = refusalOf(() => matches(filter, {}))
    expect(found?.startsWith(refusal) ? refusal : found, EJSON.stringify(filter)).toBe(refusal)
  }
}

/** Documented answers of the server, kept outside the project. Undefined, said aloud, when they are not there. */
export async function readCases(): Promise<{ Q: QueryCase[]; S: SortCase } | undefined> {
  const file = new URL('../../../shared/cases/query-and-update-cases.mjs', import.meta.url)
  if (!existsSync(file)) {
    process.stdout.write(`skipped: ${file.pathname} is not there\n`)
    return undefined
  }
  return (await import(file.href)) as { Q: QueryCase[]; S: SortCase }
}

export type QueryCase = readonly [claim: string, filter: Document, document: Document, matches: boolean]
export type SortCase = readonly [claim: string, documents: readonly Document[]]
