import { Double, Long } from 'bson'
import { describe, expect, test } from 'vitest'
import { collated, testRefusals, testResults, textOf } from './family.suite.ts'

const document = { a: [3, 1, 2, 1], none: null, empty: [], text: 'x' }

testResults(document, [
  [{ $setUnion: ['$a', [5, 3]] }, [1, 2, 3, 5]],
  [{ $setUnion: '$a' }, [1, 2, 3]],
  [{ $setUnion: [] }, []],
  [
    {
      $setUnion: [
        ['b', 1],
        [new Double(1), null],
      ],
    },
    [null, 1, 'b'],
  ],
  [{ $setUnion: ['$a', '$none'] }, null],
  [{ $setUnion: ['$missing', '$a'] }, null],
  [{ $setIntersection: ['$a', [2, 1, 9]] }, [1, 2]],
  [{ $setIntersection: ['$a', '$a', [Long.fromNumber(3)]] }, [Long.fromNumber(3)]],
  [{ $setIntersection: ['$a', '$empty'] }, []],
  [{ $setIntersection: [] }, []],
  [{ $setIntersection: ['$a', '$none'] }, null],
  [
    {
      $setIntersection: [
        [[1, 2]],
        [
          [1, 2],
          [2, 1],
        ],
      ],
    },
    [[1, 2]],
  ],
  [{ $setDifference: ['$a', [1]] }, [3, 2]],
  [{ $setDifference: [[2, 1, 2, 1], []] }, [2, 1]],
  [{ $setDifference: ['$a', '$none'] }, null],
  [{ $setDifference: ['$missing', '$a'] }, null],
  [{ $setEquals: ['$a', [1, 2, 3]] }, true],
  [{ $setEquals: ['$a', [1, 2, 3], [1]] }, false],
  [{ $setEquals: [[], []] }, true],
  [{ $setIsSubset: [[1, 1, 2], '$a'] }, true],
  [{ $setIsSubset: [[9], '$a'] }, false],
  [{ $setIsSubset: ['$empty', '$empty'] }, true],
  [{ $allElementsTrue: ['$a'] }, true],
  [{ $allElementsTrue: [[1, 0]] }, false],
  [{ $allElementsTrue: [['$missing']] }, false],
  [{ $allElementsTrue: ['$empty'] }, true],
  [{ $anyElementTrue: ['$a'] }, true],
  [{ $anyElementTrue: [[0, null, false]] }, false],
  [{ $anyElementTrue: [[[]]] }, true],
  [{ $anyElementTrue: '$empty' }, false],
])

testRefusals(document, [
  [{ $setUnion: ['$a', '$text'] }, 17043],
  [{ $setIntersection: ['$a', '$text'] }, 17047],
  [{ $setDifference: ['$text', '$a'] }, 17048],
  [{ $setDifference: ['$a', '$text'] }, 17049],
  [{ $setDifference: ['$a'] }, 16020],
  [{ $setEquals: ['$a', '$text'] }, 17044],
  [{ $setEquals: ['$none', '$a'] }, 17044],
  [{ $setEquals: ['$a'] }, 17045],
  [{ $setIsSubset: ['$none', '$a'] }, 17046],
  [{ $setIsSubset: ['$a', '$missing'] }, 17042],
  [{ $allElementsTrue: ['$none'] }, 17040],
  [{ $anyElementTrue: ['$text'] }, 17041],
])

describe('under a collation', () => {
  const collation = { locale: 'en', strength: 2 }
  test.each([
    [
      {
        $setUnion: [
          ['b', 'A'],
          ['a', 'B'],
        ],
      },
      ['A', 'b'],
    ],
    [{ $setIntersection: [['b', 'A'], ['a']] }, ['a']],
    [{ $setDifference: [['b', 'A'], ['a']] }, ['b']],
    [{ $setEquals: [['a'], ['A', 'a']] }, true],
    [{ $setIsSubset: [['a'], ['A', 'b']] }, true],
  ])('%j gives %j', (spec, result) => {
    expect(collated(spec, collation)).toBe(textOf(result))
  })
})
