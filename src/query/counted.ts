/** Predicates that tell that they were asked: many of them on one document are what keeps everybody else waiting. */
import type { Pace } from '../base/pace.ts'
import type { Predicate, ValueTest } from './operator.ts'

/** Of a filter's predicates, one of so many spends a piece each time. A few on one document are never long. */
export const predicatesPerPiece = 32

/** Asks the same, and spends a piece each time. */
export function countedPredicate(predicate: Predicate, pace: Pace | undefined): Predicate {
  if (pace === undefined) return predicate
  switch (predicate.kind) {
    case 'all': {
      const [first, ...others] = predicate.of
      return first === undefined ? predicate : { kind: 'all', of: [countedPredicate(first, pace), ...others] }
    }
    case 'not':
      return { kind: 'not', of: countedPredicate(predicate.of, pace) }
    case 'value': {
      const { test, arrays, itemIndex, equals } = predicate
      return {
        kind: 'value',
        arrays,
        equals,
        test: countedTest(test, pace),
        itemIndex: itemIndex && ((bytes, start) => (pace.spend(), itemIndex(bytes, start))),
      }
    }
  }
}

export function countedTest(test: ValueTest, pace: Pace | undefined): ValueTest {
  if (pace === undefined) return test
  return (type, bytes, start, end) => {
    pace.spend()
    return test(type, bytes, start, end)
  }
}
