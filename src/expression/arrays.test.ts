import { Decimal128, Double, Long } from 'bson'
import { describe, expect, test } from 'vitest'
import { collated, testRefusals, testResults, textOf } from './family.suite.ts'
import { missing, run } from './tables.suite.ts'

const document = {
  a: [1, 2, 3],
  none: null,
  empty: [],
  text: 'x',
  words: ['b', 'A', 'c'],
  points: [{ x: 2, y: 1 }, { x: 1 }, 7, { x: 2, y: 0 }],
}
const long = (value: number) => Long.fromNumber(value)

describe('items', () =>
  testResults(document, [
    [{ $arrayElemAt: ['$a', 0] }, 1],
    [{ $arrayElemAt: ['$a', -1] }, 3],
    [{ $arrayElemAt: ['$a', 3] }, missing],
    [{ $arrayElemAt: ['$a', -4] }, missing],
    [{ $arrayElemAt: ['$a', new Double(1)] }, 2],
    [{ $arrayElemAt: ['$a', Decimal128.fromString('2.0')] }, 3],
    [{ $arrayElemAt: ['$missing', 0] }, null],
    [{ $arrayElemAt: ['$a', '$none'] }, null],
    [{ $first: '$a' }, 1],
    [{ $first: [['$text']] }, 'x'],
    [{ $first: '$empty' }, missing],
    [{ $first: '$none' }, null],
    [{ $last: '$a' }, 3],
    [{ $last: '$empty' }, missing],
    [{ $last: '$missing' }, null],
    [{ $firstN: { n: 2, input: '$a' } }, [1, 2]],
    [{ $firstN: { n: long(9), input: '$a' } }, [1, 2, 3]],
    [{ $lastN: { n: 2, input: '$a' } }, [2, 3]],
    [{ $lastN: { n: new Double(7), input: '$empty' } }, []],
    [{ $minN: { n: 2, input: [3, null, 'a', 1] } }, [1, 3]],
    [{ $maxN: { n: 2, input: [3, null, 'a', 1] } }, ['a', 3]],
    [{ $maxN: { n: 2, input: [2, 1, new Double(1)] } }, [2, 1]],
    [{ $isArray: '$a' }, true],
    [{ $isArray: ['$text'] }, false],
    [{ $isArray: '$missing' }, false],
    [{ $size: '$a' }, 3],
    [{ $size: [[]] }, 0],
    [{ $in: [2, '$a'] }, true],
    [{ $in: [new Double(2), '$a'] }, true],
    [{ $in: ['2', '$a'] }, false],
    [{ $in: ['$missing', [null]] }, false],
    [{ $indexOfArray: ['$a', 2] }, 1],
    [{ $indexOfArray: ['$a', 9] }, -1],
    [{ $indexOfArray: ['$a', 1, 1] }, -1],
    [{ $indexOfArray: ['$a', 3, 0, 2] }, -1],
    [{ $indexOfArray: ['$a', 3, 0, 99] }, 2],
    [{ $indexOfArray: ['$a', 3, 5, 1] }, -1],
    [{ $indexOfArray: ['$none', 3] }, null],
    [{ $indexOfArray: ['$missing', 3, 'x'] }, null],
  ]))

describe('what has no items', () =>
  testRefusals(document, [
    [{ $arrayElemAt: ['$text', 0] }, 28689],
    [{ $arrayElemAt: ['$a', '0'] }, 28690],
    [{ $arrayElemAt: ['$a', 0.5] }, 28691],
    [{ $arrayElemAt: ['$a', 2 ** 31] }, 28691],
    [{ $arrayElemAt: ['$a'] }, 16020],
    [{ $first: '$text' }, 28689],
    [{ $last: { $literal: {} } }, 28689],
    [{ $firstN: 1 }, 5787801],
    [{ $lastN: [1] }, 5787801],
    [{ $minN: 1 }, 5787900],
    [{ $maxN: {} }, 5787906],
    [{ $maxN: { n: 1 } }, 5787907],
    [{ $maxN: { n: 1, input: '$a', m: 1 } }, 5787901],
    [{ $maxN: { n: '1', input: '$a' } }, 5787902],
    [{ $maxN: { n: '$none', input: '$a' } }, 5787902],
    [{ $maxN: { n: 1.5, input: '$a' } }, 5787903],
    [{ $maxN: { n: 0, input: '$a' } }, 5787908],
    [{ $firstN: { n: 1, input: '$none' } }, 5788200],
    [{ $size: '$text' }, 17124],
    [{ $size: '$missing' }, 17124],
    [{ $size: '$none' }, 17124],
    [{ $in: [1, '$none'] }, 40081],
    [{ $indexOfArray: ['$text', 1] }, 40090],
    [{ $indexOfArray: ['$a', 1, 'x'] }, 40096],
    [{ $indexOfArray: ['$a', 1, '$none'] }, 40096],
    [{ $indexOfArray: ['$a', 1, 0, 1.5] }, 40096],
    [{ $indexOfArray: ['$a', 1, -1] }, 40097],
    [{ $indexOfArray: ['$a'] }, 28667],
  ]))

describe('$filter, $map and $reduce', () => {
  testResults(document, [
    [{ $filter: { input: '$a', cond: { $gt: ['$$this', 1] } } }, [2, 3]],
    [{ $filter: { input: '$a', as: 'n', cond: { $gt: ['$$n', 1] }, limit: 1 } }, [2]],
    [{ $filter: { input: '$a', cond: true, limit: null } }, [1, 2, 3]],
    [{ $filter: { input: '$a', cond: true, limit: 9 } }, [1, 2, 3]],
    [{ $filter: { input: '$points', cond: '$$this.y' } }, [{ x: 2, y: 1 }]],
    [{ $filter: { input: '$none', cond: true } }, null],
    [{ $filter: { input: '$missing', cond: true } }, null],
    [{ $filter: { input: '$empty', cond: true, limit: 0 } }, []],
    [{ $map: { input: '$a', in: { $multiply: ['$$this', 2] } } }, [2, 4, 6]],
    [{ $map: { input: '$a', as: 'n', in: { $add: ['$$n', { $first: '$a' }] } } }, [2, 3, 4]],
    [{ $map: { input: '$points', in: '$$this.y' } }, [1, null, null, 0]],
    [
      { $map: { input: '$a', as: 'i', in: { $map: { input: [10], as: 'j', in: { $add: ['$$i', '$$j'] } } } } },
      [[11], [12], [13]],
    ],
    [{ $map: { input: '$none', in: 1 } }, null],
    [{ $map: { input: '$empty', in: 1 } }, []],
    [{ $map: { input: [1, 2], in: 'x' } }, ['x', 'x']],
    [{ $reduce: { input: '$a', initialValue: 0, in: { $add: ['$$value', '$$this'] } } }, 6],
    [{ $reduce: { input: '$a', initialValue: [], in: { $concatArrays: [['$$this'], '$$value'] } } }, [3, 2, 1]],
    [{ $reduce: { input: '$empty', initialValue: '$text', in: 1 } }, 'x'],
    [{ $reduce: { input: '$a', initialValue: 0, in: '$missing' } }, missing],
    [{ $reduce: { input: '$none', initialValue: 0, in: 1 } }, null],
  ])
  testRefusals(document, [
    [{ $filter: 1 }, 28646],
    [{ $filter: { input: '$a', cond: true, with: 1 } }, 28647],
    [{ $filter: { cond: true } }, 28648],
    [{ $filter: { input: '$a' } }, 28650],
    [{ $filter: { input: '$text', cond: true } }, 28651],
    [{ $filter: { input: '$a', cond: true, limit: 1.5 } }, 327391],
    [{ $filter: { input: '$a', cond: true, limit: 'x' } }, 327391],
    [{ $filter: { input: '$a', cond: true, limit: 0 } }, 327392],
    [{ $filter: { input: '$a', as: 'N', cond: true } }, 9],
    [{ $filter: { input: '$a', as: 1, cond: true } }, 9],
    [{ $filter: { input: '$a', as: 'n', cond: '$$this' } }, 17276],
    [{ $map: [] }, 16878],
    [{ $map: { input: '$a', in: 1, with: 1 } }, 16879],
    [{ $map: { in: 1 } }, 16880],
    [{ $map: { input: '$a' } }, 16882],
    [{ $map: { input: '$text', in: 1 } }, 16883],
    [{ $map: { input: '$$this', in: 1 } }, 17276],
    [{ $reduce: 1 }, 40075],
    [{ $reduce: { input: '$a', initialValue: 0, in: 1, as: 'x' } }, 40076],
    [{ $reduce: { initialValue: 0, in: 1 } }, 40077],
    [{ $reduce: { input: '$a', in: 1 } }, 40078],
    [{ $reduce: { input: '$a', initialValue: 0 } }, 40079],
    [{ $reduce: { input: '$text', initialValue: 0, in: 1 } }, 40080],
  ])

  test('a $reduce that doubles its value again and again is refused before it takes all memory', () => {
    const doubling = { $concatArrays: ['$$value', '$$value'] }
    const spec = { $reduce: { input: { $range: [0, 60] }, initialValue: ['x'.repeat(1e6)], in: doubling } }
    expect(() => run(spec)).toThrow('too much memory')
  })
})

describe('whole arrays', () => {
  testResults(document, [
    [{ $concatArrays: ['$a', [4], '$empty'] }, [1, 2, 3, 4]],
    [{ $concatArrays: [] }, []],
    [{ $concatArrays: ['$a', '$none'] }, null],
    [{ $concatArrays: ['$a', '$missing', '$text'] }, null],
    [{ $reverseArray: '$a' }, [3, 2, 1]],
    [{ $reverseArray: '$none' }, null],
    [{ $slice: ['$a', 2] }, [1, 2]],
    [{ $slice: ['$a', 0] }, []],
    [{ $slice: ['$a', 9] }, [1, 2, 3]],
    [{ $slice: ['$a', -2] }, [2, 3]],
    [{ $slice: ['$a', -9] }, [1, 2, 3]],
    [{ $slice: ['$a', 1, 1] }, [2]],
    [{ $slice: ['$a', 9, 1] }, []],
    [{ $slice: ['$a', -2, 1] }, [2]],
    [{ $slice: ['$a', -9, 1] }, [1]],
    [{ $slice: ['$a', 1, 2 ** 31 - 1] }, [2, 3]],
    [{ $slice: ['$none', 1] }, null],
    [{ $slice: ['$a', '$missing'] }, null],
    [{ $slice: ['$a', 1, '$missing'] }, null],
    [{ $range: [0, 3] }, [0, 1, 2]],
    [{ $range: [0, 5, 2] }, [0, 2, 4]],
    [{ $range: [3, 0, -1] }, [3, 2, 1]],
    [{ $range: [3, 0] }, []],
    [{ $range: [2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31 - 1] }, [2 ** 31 - 2]],
    [{ $range: [long(1), new Double(3)] }, [1, 2]],
    [
      { $zip: { inputs: ['$a', ['x', 'y']] } },
      [
        [1, 'x'],
        [2, 'y'],
      ],
    ],
    [
      { $zip: { inputs: ['$a', ['x']], useLongestLength: true } },
      [
        [1, 'x'],
        [2, null],
        [3, null],
      ],
    ],
    [
      { $zip: { inputs: [['x'], '$a'], useLongestLength: true, defaults: ['$text', 0] } },
      [
        ['x', 1],
        ['x', 2],
        ['x', 3],
      ],
    ],
    [{ $zip: { inputs: ['$a', '$none'] } }, null],
    [{ $zip: { inputs: ['$empty'], useLongestLength: true } }, []],
  ])
  testRefusals(document, [
    [{ $concatArrays: ['$a', '$text'] }, 28664],
    [{ $reverseArray: '$text' }, 34435],
    [{ $slice: ['$text', 1] }, 28724],
    [{ $slice: ['$a', 'x'] }, 28725],
    [{ $slice: ['$a', 1.5] }, 28726],
    [{ $slice: ['$a', 1, 'x'] }, 28727],
    [{ $slice: ['$a', 1, 0.5] }, 28728],
    [{ $slice: ['$a', 1, 0] }, 28729],
    [{ $slice: ['$a'] }, 28667],
    [{ $range: ['$none', 1] }, 34443],
    [{ $range: [0.5, 1] }, 34444],
    [{ $range: [0, 'x'] }, 34445],
    [{ $range: [0, 2 ** 31] }, 34446],
    [{ $range: [0, 1, 'x'] }, 34447],
    [{ $range: [0, 1, 0.5] }, 34448],
    [{ $range: [0, 1, 0] }, 34449],
    [{ $range: [0, 2 ** 31 - 1] }, 146],
    [{ $zip: [] }, 34460],
    [{ $zip: { inputs: '$a' } }, 34461],
    [{ $zip: { inputs: ['$a'], useLongestLength: true, defaults: 1 } }, 34462],
    [{ $zip: { inputs: ['$a'], useLongestLength: 1 } }, 34463],
    [{ $zip: { inputs: ['$a'], with: 1 } }, 34464],
    [{ $zip: { inputs: [] } }, 34465],
    [{ $zip: {} }, 34465],
    [{ $zip: { inputs: ['$a'], defaults: [1] } }, 34466],
    [{ $zip: { inputs: ['$a'], useLongestLength: true, defaults: [1, 2] } }, 34467],
    [{ $zip: { inputs: ['$text'] } }, 34468],
  ])
})

describe('$sortArray', () => {
  testResults(document, [
    [{ $sortArray: { input: [3, 1, 2], sortBy: 1 } }, [1, 2, 3]],
    [{ $sortArray: { input: [3, 'a', null, 1], sortBy: -1 } }, ['a', 3, 1, null]],
    [{ $sortArray: { input: '$points', sortBy: { x: 1 } } }, [7, { x: 1 }, { x: 2, y: 1 }, { x: 2, y: 0 }]],
    [{ $sortArray: { input: '$points', sortBy: { x: -1, y: 1 } } }, [{ x: 2, y: 0 }, { x: 2, y: 1 }, { x: 1 }, 7]],
    [
      { $sortArray: { input: [{ a: [{ b: 2 }] }, { a: [{ b: 1 }] }], sortBy: { 'a.0.b': 1 } } },
      [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    ],
    [{ $sortArray: { input: [{ a: [1, 9] }, { a: [0, 10] }], sortBy: { a: 1 } } }, [{ a: [0, 10] }, { a: [1, 9] }]],
    [{ $sortArray: { input: '$none', sortBy: 1 } }, null],
    [{ $sortArray: { input: '$missing', sortBy: 1 } }, null],
  ])
  testRefusals(document, [
    [{ $sortArray: 1 }, 2942500],
    [{ $sortArray: { input: '$a', sortBy: 1, n: 1 } }, 2942501],
    [{ $sortArray: { sortBy: 1 } }, 2942502],
    [{ $sortArray: { input: '$a' } }, 2942503],
    [{ $sortArray: { input: '$text', sortBy: 1 } }, 2942504],
    [{ $sortArray: { input: '$a', sortBy: {} } }, 2942505],
    [{ $sortArray: { input: '$a', sortBy: { x: 2 } } }, 2942505],
    [{ $sortArray: { input: '$a', sortBy: { x: { $meta: 'textScore' } } } }, 2942505],
    [{ $sortArray: { input: '$a', sortBy: { 'x.': 1 } } }, 2942505],
    [{ $sortArray: { input: '$a', sortBy: 2 } }, 2942506],
    [{ $sortArray: { input: '$a', sortBy: 'x' } }, 2942507],
  ])
})

test('strings in arrays compare by the collation of the command', () => {
  const collation = { locale: 'en', strength: 2 }
  const sorted = { $sortArray: { input: ['b', 'A', 'c'], sortBy: 1 } }
  expect(collated(sorted, collation)).toBe(textOf(['A', 'b', 'c']))
  expect(collated({ $in: ['a', ['A']] }, collation)).toBe('true')
  expect(collated({ $indexOfArray: [['a', 'b'], 'B'] }, collation)).toBe(textOf(1))
  expect(collated({ $minN: { n: 1, input: ['b', 'A'] } }, collation)).toBe(textOf(['A']))
})

describe('without one they compare by their bytes', () =>
  testResults(document, [
    [{ $sortArray: { input: ['b', 'a', 'C'], sortBy: 1 } }, ['C', 'a', 'b']],
    [{ $in: ['a', '$words'] }, false],
  ]))
