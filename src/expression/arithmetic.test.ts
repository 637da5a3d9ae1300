import { Long } from 'bson'
import { describe, expect, test } from 'vitest'
import { collated, testRefusals, testResults, textOf } from './family.suite.ts'
import { decimal, double, long } from './tables.suite.ts'

const date = (ms: number) => new Date(ms)
const intMax = 2 ** 31 - 1
const document = {
  intMin: -(2 ** 31),
  longMin: Long.MIN_VALUE,
  longMax: Long.MAX_VALUE,
  none: null,
  text: 'x',
  array: [1, 2, 'x', null, 4],
  words: ['b', 'A'],
  date: date(1000),
}

describe('sums, differences and products', () => {
  testResults(document, [
    [{ $add: [1, 2] }, 3],
    [{ $add: [] }, 0],
    [{ $add: long(5) }, long(5)],
    [{ $add: [1, long(2)] }, long(3)],
    [{ $add: [1, long(2), double(0.5)] }, 3.5],
    [{ $add: [1, double(0.5), decimal('1.10')] }, decimal('2.60000000000000')],
    [{ $add: [intMax, 1] }, long(2 ** 31)],
    [{ $add: [intMax, 1, -1] }, intMax],
    [{ $add: [long(intMax), 1, -2] }, long(intMax - 1)],
    [{ $add: ['$longMax', 1] }, double(2 ** 63)],
    [{ $add: [double(Infinity), double(-Infinity)] }, double(NaN)],
    [{ $add: [1, '$none'] }, null],
    [{ $add: [1, '$missing', '$text'] }, null],
    [{ $add: ['$date', 5] }, date(1005)],
    [{ $add: [5, '$date', double(1.4), double(1.4)] }, date(1007)],
    [{ $subtract: [5, 7] }, -2],
    [{ $subtract: ['$intMin', 1] }, long(-(2 ** 31) - 1)],
    [{ $subtract: ['$longMin', 1] }, double(-(2 ** 63))],
    [{ $subtract: ['$date', date(400)] }, long(600)],
    [{ $subtract: ['$date', 400] }, date(600)],
    [{ $subtract: ['$none', 'x'] }, null],
    [{ $multiply: [3, 4] }, 12],
    [{ $multiply: [] }, 1],
    [{ $multiply: [65_536, 65_536] }, long(2 ** 32)],
    [{ $multiply: [65_536, 65_536, 0] }, 0],
    [{ $multiply: ['$longMax', 2] }, double(2 ** 64)],
    [{ $multiply: [3, decimal('1.10')] }, decimal('3.30')],
    [{ $multiply: [3, '$missing'] }, null],
    [{ $divide: [6, 3] }, double(2)],
    [{ $divide: [decimal('1'), 8] }, decimal('0.125')],
    [{ $divide: [1, '$none'] }, null],
    [{ $mod: [7, 3] }, 1],
    [{ $mod: [-7, 3] }, -1],
    [{ $mod: [long(7), 3] }, long(1)],
    [{ $mod: [7.5, 2] }, 1.5],
    [{ $mod: [decimal('7.5'), 2] }, decimal('1.5')],
    [{ $mod: ['$longMin', -1] }, long(0)],
    [{ $mod: ['$none', 'x'] }, null],
  ])
  testRefusals(document, [
    [{ $add: [1, '$text'] }, 14],
    [{ $add: ['$date', '$date'] }, 16612],
    [{ $add: ['$date', '$longMax'] }, 15],
    [{ $add: ['$date', double(NaN)] }, 15],
    [{ $subtract: [1, '$text'] }, 14],
    [{ $subtract: [1, '$date'] }, 14],
    [{ $subtract: [1] }, 16020],
    [{ $multiply: ['$text', 1] }, 14],
    [{ $divide: [1, 0] }, 2],
    [{ $divide: [1, decimal('0.0')] }, 2],
    [{ $divide: ['$text', 1] }, 14],
    [{ $mod: [1, 0] }, 16610],
    [{ $mod: [1, decimal('0')] }, 5733415],
    [{ $mod: ['$text', 1] }, 16611],
  ])
})

describe('functions of one number', () => {
  testResults(document, [
    [{ $abs: -3 }, 3],
    [{ $abs: '$intMin' }, long(2 ** 31)],
    [{ $abs: decimal('-1.0') }, decimal('1.0')],
    [{ $abs: double(-0.5) }, 0.5],
    [{ $abs: '$missing' }, null],
    [{ $ceil: 1.2 }, double(2)],
    [{ $ceil: decimal('1.2') }, decimal('2')],
    [{ $floor: -1.2 }, double(-2)],
    [{ $floor: 7 }, 7],
    [{ $exp: 0 }, double(1)],
    [{ $ln: 1 }, double(0)],
    [{ $log10: 1000 }, double(3)],
    [{ $log10: decimal('1000') }, decimal('3')],
    [{ $log: [8, 2] }, double(Math.log(8) / Math.log(2))],
    [{ $log: ['$none', 2] }, null],
    [{ $sqrt: 9 }, double(3)],
    [{ $sqrt: decimal('2') }, decimal('1.414213562373095048801688724209698')],
    [{ $sqrt: double(NaN) }, double(NaN)],
    [{ $pow: [2, 10] }, 1024],
    [{ $pow: [2, 31] }, long(2 ** 31)],
    [{ $pow: [long(2), 3] }, long(8)],
    [{ $pow: [2, 63] }, double(2 ** 63)],
    [{ $pow: [-2, 63] }, Long.MIN_VALUE],
    [{ $pow: [2, -1] }, 0.5],
    [{ $pow: [-1, -3] }, -1],
    [{ $pow: [2, 0.5] }, Math.SQRT2],
    [{ $pow: [decimal('1.1'), 2] }, decimal('1.21')],
    [{ $round: 2.5 }, double(2)],
    [{ $round: [1234, -2] }, 1200],
    [{ $round: [1.25, 1] }, 1.2],
    [{ $round: [decimal('1.255'), 2] }, decimal('1.26')],
    [{ $round: [1.5, '$none'] }, null],
    [{ $trunc: [-1.78, 1] }, -1.7],
    [{ $trunc: -1.78 }, double(-1)],
  ])
  testRefusals(document, [
    [{ $abs: '$longMin' }, 28680],
    [{ $abs: '$text' }, 28765],
    [{ $ceil: '$date' }, 28765],
    [{ $exp: '$text' }, 28765],
    [{ $ln: 0 }, 28766],
    [{ $log10: -1 }, 28761],
    [{ $log: ['x', 2] }, 28756],
    [{ $log: [2, 'x'] }, 28757],
    [{ $log: [0, 2] }, 28758],
    [{ $log: [2, 1] }, 28759],
    [{ $sqrt: -1 }, 28714],
    [{ $pow: ['x', 1] }, 28762],
    [{ $pow: [1, 'x'] }, 28763],
    [{ $pow: [0, -1] }, 28764],
    [{ $round: '$text' }, 51081],
    [{ $round: [1, 0.5] }, 51082],
    [{ $round: [1, 101] }, 51083],
    [{ $trunc: [1, -21] }, 51083],
    [{ $abs: [1, 2] }, 16020],
  ])
})

describe('angles', () => {
  testResults(document, [
    [{ $sin: 0 }, double(0)],
    [{ $cos: '$none' }, null],
    [{ $tan: double(0.5) }, Math.tan(0.5)],
    [{ $asin: 1 }, Math.asin(1)],
    [{ $acos: 1 }, double(0)],
    [{ $atan: 1 }, Math.atan(1)],
    [{ $atan2: [1, -1] }, Math.atan2(1, -1)],
    [{ $sinh: 0 }, double(0)],
    [{ $cosh: 0 }, double(1)],
    [{ $tanh: double(Infinity) }, double(1)],
    [{ $asinh: 0 }, double(0)],
    [{ $acosh: 1 }, double(0)],
    [{ $atanh: 1 }, double(Infinity)],
    [{ $degreesToRadians: 180 }, Math.PI],
    [{ $radiansToDegrees: double(Math.PI) }, double(180)],
    [{ $sin: double(NaN) }, double(NaN)],
    [{ $cos: decimal('0') }, decimal('1')],
  ])
  testRefusals(document, [
    [{ $sin: double(Infinity) }, 50989],
    [{ $asin: 2 }, 50989],
    [{ $acosh: 0 }, 50989],
    [{ $atanh: decimal('1.1') }, 50989],
    [{ $cos: '$text' }, 28765],
    [{ $atan2: ['x', 1] }, 51044],
    [{ $atan2: [1, 'x'] }, 51045],
  ])
})

describe('bits', () => {
  testResults(document, [
    [{ $bitAnd: [12, 10] }, 8],
    [{ $bitAnd: [] }, -1],
    [{ $bitOr: [12, long(3)] }, long(15)],
    [{ $bitOr: [] }, 0],
    [{ $bitXor: [12, 10, 1] }, 7],
    [{ $bitXor: [1, '$none'] }, null],
    [{ $bitNot: 5 }, -6],
    [{ $bitNot: long(0) }, long(-1)],
    [{ $bitNot: '$missing' }, null],
  ])
  testRefusals(document, [
    [{ $bitAnd: [1, double(2.5)] }, 14],
    [{ $bitNot: double(1) }, 14],
    [{ $bitNot: '$text' }, 28765],
  ])
})

describe('accumulators as expressions', () => {
  testResults(document, [
    [{ $sum: '$array' }, 7],
    [{ $sum: ['$array'] }, 7],
    [{ $sum: ['$array', 5, 'x', '$missing'] }, 5],
    [{ $sum: [intMax, 1, -1] }, intMax],
    [{ $sum: '$text' }, 0],
    [{ $sum: [] }, 0],
    [{ $avg: '$array' }, double(7 / 3)],
    [{ $avg: [1, decimal('2')] }, decimal('1.5')],
    [{ $avg: '$text' }, null],
    [{ $avg: ['$array', '$array'] }, null],
    [{ $max: '$array' }, 'x'],
    [{ $max: ['$array', 5] }, [1, 2, 'x', null, 4]],
    [{ $max: [1, double(1)] }, 1],
    [{ $max: '$missing' }, null],
    [{ $min: '$array' }, 1],
    [{ $min: ['$none', '$missing', 'x'] }, 'x'],
    [{ $min: [] }, null],
    [{ $stdDevPop: [1, 3] }, double(1)],
    [{ $stdDevPop: '$array' }, double(Math.sqrt(14 / 9))],
    [{ $stdDevPop: 'x' }, null],
    [{ $stdDevSamp: [[1, 3]] }, Math.SQRT2],
    [{ $stdDevSamp: 7 }, null],
  ])

  test('$min and $max compare strings by the collation of the command', () => {
    expect(collated({ $min: ['b', 'A'] }, { locale: 'en' })).toBe(textOf('A'))
    expect(collated({ $max: ['b', 'B'] }, { locale: 'en', strength: 2 })).toBe(textOf('b'))
  })
})

describe('names that are no operators of ours: unknown to all, or known to the server alone', () =>
  testRefusals(document, [
    [{ $foo: 1 }, 168],
    [{ $function: {} }, 238],
    [{ $accumulator: {} }, 238],
    [{ $meta: 'textScore' }, 238],
    [{ $toHashedIndexKey: 1 }, 238],
    [{ $sampleRate: 0.5 }, 238],
    [{ $sigmoid: 1 }, 238],
    ['$$SEARCH_META', 17276],
    [{ $add: [1], $sum: 1 }, 15983],
  ]))
