/** From the tree of a filter to a function that walks a document's bytes. */
import { compileName, endOf, findElement } from './element.ts'
import { type FieldTest, compileWalk, passesWalk, planWalks } from './field-walk.ts'
import { type DocumentTest, type Filter, type ValueTest, here } from './operator.ts'
import { compilePath, compilePathPlace, lastPlace } from './path.ts'

/** Whether a document of its own, `documentBytes` of nothing larger, matches. */
export function compileWholeTest(filter: Filter): (document: Uint8Array) => boolean {
  const { fields, tests } = conjunction(filter)
  const [plan, ...others] = planWalks(fields)
  if (plan !== undefined && others.length === 0 && tests.length === 0) return document => passesWalk(plan, document, 0)
  const test = conjunctionTest({ fields, tests })
  return document => test(document, 0)
}

/** Whether a document matches. */
export function compileDocumentTest(filter: Filter): DocumentTest {
  return conjunctionTest(conjunction(filter))
}

function conjunctionTest({ fields, tests: others }: Conjunction): DocumentTest {
  const tests = fields.length > 0 ? [compileWalk(fields), ...others] : others
  const [first] = tests
  if (first === undefined) return () => true
  if (tests.length === 1) return first
  return (bytes, start) => {
    for (const test of tests) if (!test(bytes, start)) return false
    return true
  }
}

interface Conjunction {
  /** What is asked of top-level fields, all of it to be found in one walk. */
  readonly fields: FieldTest[]
  /** The rest, which looks at the document on its own. */
  readonly tests: DocumentTest[]
}

/** A filter as conditions that must all be met. */
function conjunction(filter: Filter): Conjunction {
  switch (filter.kind) {
    case 'field':
      return { fields: [compilePath(filter.path, filter.predicate)], tests: [] }
    case 'document':
      return { fields: [], tests: [filter.test] }
    case 'all':
      return joined(filter.of.map(conjunction))
    case 'none':
      return joined(filter.of.map(negation))
    case 'any': {
      const [only] = filter.of
      if (only !== undefined && filter.of.length === 1) return conjunction(only)
      return disjunction(filter.of)
    }
  }
}

function joined(parts: readonly Conjunction[]): Conjunction {
  return { fields: parts.flatMap(({ fields }) => fields), tests: parts.flatMap(({ tests }) => tests) }
}

function negation(filter: Filter): Conjunction {
  if (filter.kind === 'field') {
    return conjunction({ ...filter, predicate: { kind: 'not', of: filter.predicate } })
  }
  const test = compileDocumentTest(filter)
  return { fields: [], tests: [(bytes, start) => !test(bytes, start)] }
}

function disjunction(branches: readonly Filter[]): Conjunction {
  if (branches.every(branch => branch.kind === 'field')) {
    const fields = branches.map(({ path, predicate }) => compilePath(path, predicate))
    const [first] = fields
    if (first !== undefined && fields.every(({ name }) => name === first.name)) {
      const tests = fields.map(({ test }) => test)
      return { fields: [{ name: first.name, test: anyOf(tests) }], tests: [] }
    }
    // Any of them: not none of them. That, too, is one walk.
    const none = compileDocumentTest({ kind: 'none', of: branches })
    return { fields: [], tests: [(bytes, start) => !none(bytes, start)] }
  }
  const tests = branches.map(compileDocumentTest)
  return { fields: [], tests: [(bytes, start) => tests.some(test => test(bytes, start))] }
}

function anyOf(tests: readonly ValueTest[]): ValueTest {
  return (type, bytes, start, end) => {
    for (const test of tests) if (test(type, bytes, start, end)) return true
    return false
  }
}

/** The index of the array item that makes a matching document match; `here` when no array was involved. */
export function compileDocumentPlace(filter: Filter): (bytes: Uint8Array, start: number) => number {
  if (filter.kind === 'field') {
    const { name, place } = compilePathPlace(filter.path, filter.predicate)
    const pattern = compileName(name)
    return (bytes, start) => {
      const element = findElement(bytes, start, pattern)
      if (element === -1) return here
      const type = bytes[element] as number
      const valueStart = element + 1 + pattern.nameBytes
      return place(type, bytes, valueStart, endOf(type, bytes, valueStart))
    }
  }
  // A branch of $or leaves no trace, unless it is the only one.
  if (filter.kind === 'all' || (filter.kind === 'any' && filter.of.length === 1)) {
    const places = filter.of.map(compileDocumentPlace)
    return (bytes, start) => lastPlace(places, place => place(bytes, start))
  }
  return () => here
}
