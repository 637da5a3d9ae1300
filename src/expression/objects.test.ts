import { Double } from 'bson'
import { testRefusals, testResults } from './family.suite.ts'
import { missing } from './tables.suite.ts'

const document = { a: { x: 1, 'y.z': 2, $w: 3 }, 'p.q': 4, none: null, text: 'x', name: 'text', pairs: [['k', 1]] }

testResults(document, [
  [{ $getField: 'p.q' }, 4],
  [{ $getField: 'text' }, 'x'],
  [{ $getField: { field: 'y.z', input: '$a' } }, 2],
  [{ $getField: { field: { $literal: '$w' }, input: '$a' } }, 3],
  [{ $getField: { $literal: '$none' } }, missing],
  [{ $getField: { $concat: ['te', 'xt'] } }, 'x'],
  [{ $getField: '$name' }, 'x'],
  [{ $getField: { field: 'x', input: '$none' } }, null],
  [{ $getField: { field: 'x', input: '$missing' } }, missing],
  [{ $getField: { field: 'x', input: '$text' } }, missing],
  [{ $getField: { field: 'a\0', input: { a: 0 } } }, missing],
  [{ $setField: { field: 'x', input: '$a', value: 'new' } }, { x: 'new', 'y.z': 2, $w: 3 }],
  [{ $setField: { field: 'y.z', input: { b: 1 }, value: '$text' } }, { b: 1, 'y.z': 'x' }],
  [{ $setField: { field: { $literal: '$w' }, input: '$a', value: '$$REMOVE' } }, { x: 1, 'y.z': 2 }],
  [{ $setField: { field: 'b', input: '$none', value: 1 } }, null],
  [{ $setField: { field: 'b', input: '$missing', value: 1 } }, null],
  [{ $unsetField: { field: 'y.z', input: '$a' } }, { x: 1, $w: 3 }],
  [{ $unsetField: { field: 'none', input: '$a' } }, { x: 1, 'y.z': 2, $w: 3 }],
  [{ $unsetField: { field: 'x', input: '$none' } }, null],
  [{ $mergeObjects: ['$a', { x: 9, b: 1 }, null, '$missing'] }, { x: 9, 'y.z': 2, $w: 3, b: 1 }],
  [{ $mergeObjects: '$a' }, { x: 1, 'y.z': 2, $w: 3 }],
  [{ $mergeObjects: [[{ b: 1 }, { b: 2 }]] }, { b: 2 }],
  [{ $mergeObjects: '$none' }, {}],
  [{ $mergeObjects: [] }, {}],
  [
    { $objectToArray: '$a' },
    [
      { k: 'x', v: 1 },
      { k: 'y.z', v: 2 },
      { k: '$w', v: 3 },
    ],
  ],
  [{ $objectToArray: '$missing' }, null],
  [{ $arrayToObject: '$pairs' }, { k: 1 }],
  [
    {
      $arrayToObject: [
        [
          ['b', 1],
          ['c', 2],
          ['b', 3],
        ],
      ],
    },
    { b: 3, c: 2 },
  ],
  [
    {
      $arrayToObject: [
        [
          { k: 'b', v: 1 },
          { v: 2, k: 'c.d' },
        ],
      ],
    },
    { b: 1, 'c.d': 2 },
  ],
  [{ $arrayToObject: [[]] }, {}],
  [{ $arrayToObject: '$none' }, null],
  [{ $arrayToObject: { $objectToArray: '$a' } }, { x: 1, 'y.z': 2, $w: 3 }],
])

testRefusals(document, [
  [{ $getField: { field: 'x', input: '$a', with: 1 } }, 3041701],
  [{ $getField: { input: '$a' } }, 3041702],
  [{ $getField: { field: 'x' } }, 3041703],
  [{ $getField: 1 }, 5654602],
  [{ $getField: { field: new Double(1), input: '$a' } }, 5654602],
  [{ $getField: '$a' }, 3041704],
  [{ $getField: '$missing' }, 3041704],
  [{ $setField: 'x' }, 4161100],
  [{ $setField: { field: 'x', input: '$a', value: 1, with: 1 } }, 4161101],
  [{ $unsetField: { field: 'x', input: '$a', value: 1 } }, 4161101],
  [{ $setField: { input: '$a', value: 1 } }, 4161102],
  [{ $setField: { field: 'x', input: '$a' } }, 4161103],
  [{ $setField: { field: 'x', value: 1 } }, 4161109],
  [{ $setField: { field: 'x', input: '$text', value: 1 } }, 4161105],
  [{ $setField: { field: { $concat: ['$text'] }, input: '$a', value: 1 } }, 4161106],
  [{ $setField: { field: 1, input: '$a', value: 1 } }, 4161107],
  [{ $unsetField: { field: '$x', input: '$a' } }, 4161108],
  [{ $mergeObjects: ['$a', '$text'] }, 40400],
  [{ $objectToArray: '$text' }, 40390],
  [{ $arrayToObject: '$text' }, 40386],
  [{ $arrayToObject: [[1]] }, 40398],
  [{ $arrayToObject: [[['a', 1], {}]] }, 40396],
  [{ $arrayToObject: [[['a']]] }, 40397],
  [{ $arrayToObject: [[[1, 1]]] }, 40395],
  [{ $arrayToObject: [[['a\0b', 1]]] }, 4940400],
  [{ $arrayToObject: [[{ k: 'a', v: 1 }, ['a', 1]]] }, 40391],
  [{ $arrayToObject: [[{ k: 'a' }]] }, 40392],
  [{ $arrayToObject: [[{ k: 'a', w: 1 }]] }, 40393],
  [{ $arrayToObject: [[{ k: 1, v: 1 }]] }, 40394],
  [{ $arrayToObject: [[{ k: 'a\0b', v: 1 }]] }, 4940401],
])
