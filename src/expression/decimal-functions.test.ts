/** Functions of decimals, against digits that are known and against doubles. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimalOfDouble, decimalText, doubleOfDecimal, parseDecimal } from '../bson/decimal-convert.ts'
import { type Decimal, decimalNaN } from '../bson/decimal.ts'
import * as functions from './decimal-functions.ts'

const decimal = (text: string): Decimal => parseDecimal(text) ?? decimalNaN

const known: readonly [name: keyof typeof functions, x: string, result: string][] = [
  ['decimalSqrt', '4', '2'],
  ['decimalSqrt', '2.5', '1.581138830084189665999446772216359'],
  ['decimalSqrt', '1E+6144', '1.00000000000000000E+3072'],
  ['decimalSqrt', '1E-6176', '1E-3088'],
  ['decimalSqrt', '9.999999999999999999999999999999999E+6144', '3.162277660168379331998893544432718E+3072'],
  ['decimalSqrt', '-0.00', '-0.0'],
  ['decimalExp', '0', '1'],
  ['decimalExp', '1', '2.718281828459045235360287471352662'],
  ['decimalExp', '-1', '0.3678794411714423215955237701614609'],
  ['decimalExp', '1E-6176', '1'],
  ['decimalExp', '1E+6144', 'Infinity'],
  ['decimalExp', '-1E+6144', '0E-6176'],
  ['decimalLn', '1', '0'],
  ['decimalLn', '2', '0.6931471805599453094172321214581766'],
  ['decimalLn', '10', '2.302585092994045684017991454684364'],
  ['decimalLn', '1.000000000000000000000000000000001', '9.999999999999999999999999999999995E-34'],
  ['decimalLn', '1E-6176', '-14220.76553433122614449511522413063'],
  ['decimalLog10', '1000', '3'],
  ['decimalLog10', '0.01', '-2'],
  ['decimalLog10', '2', '0.3010299956639811952137388947244930'],
  ['decimalSin', '1', '0.8414709848078965066525023216302990'],
  ['decimalSin', '1E+22', '-0.8522008497671888017727058937530294'],
  ['decimalCos', '1', '0.5403023058681397174009366074429766'],
  ['decimalTan', '1', '1.557407724654902230506974807458360'],
  ['decimalAtan', '1', '0.7853981633974483096156608458198757'],
  ['decimalAsin', '1', '1.570796326794896619231321691639751'],
  ['decimalAcos', '-1', '3.141592653589793238462643383279503'],
  ['decimalAcos', '1', '0'],
  ['decimalSinh', '1', '1.175201193643801456882381850595601'],
  ['decimalCosh', '1', '1.543080634815243778477905620757062'],
  ['decimalTanh', '1', '0.7615941559557648881194582826047936'],
  ['decimalAsinh', '1', '0.8813735870195430252326093249797923'],
  ['decimalAcosh', '2', '1.316957896924816708625046347307968'],
  ['decimalAtanh', '0.5', '0.5493061443340548456976226184612629'],
  ['decimalRadians', '180', '3.141592653589793238462643383279503'],
  ['decimalRadians', '4.9E-324', '8.552113334772214926926084765594204E-326'],
  ['decimalDegrees', '1E-6176', '5.7E-6175'],
  ['decimalDegrees', '1E+6144', 'Infinity'],
]

test.each(known)('%s of %s is %s', (name, x, result) => {
  expect(decimalText((functions[name] as (x: Decimal) => Decimal)(decimal(x)))).toBe(result)
})

test.each([
  ['2', '10', '1024'],
  ['1.1', '2', '1.21'],
  ['2', '-1', '0.5000000000000000000000000000000000'],
  ['2', '0.5', '1.414213562373095048801688724209698'],
  ['-2', '3', '-8'],
  ['-2', '0.5', 'NaN'],
  ['0', '-1', 'Infinity'],
  ['5', '0', '1'],
  ['10', '7000', 'Infinity'],
  ['10', '-7000', '0E-6176'],
  ['2', 'Infinity', 'Infinity'],
])('%s to the power of %s is %s', (x, y, result) => {
  expect(decimalText(functions.decimalPow(decimal(x), decimal(y)))).toBe(result)
})

const doubles: readonly [name: keyof typeof functions, double: (x: number) => number, min: number, max: number][] = [
  ['decimalSqrt', Math.sqrt, 1e-9, 1e9],
  ['decimalExp', Math.exp, -50, 50],
  ['decimalLn', Math.log, 1e-9, 1e9],
  ['decimalLog10', Math.log10, 1e-9, 1e9],
  ['decimalSin', Math.sin, -50, 50],
  ['decimalCos', Math.cos, -50, 50],
  ['decimalTan', Math.tan, -1.5, 1.5],
  ['decimalAsin', Math.asin, -1, 1],
  ['decimalAcos', Math.acos, -1, 1],
  ['decimalAtan', Math.atan, -1e9, 1e9],
  ['decimalSinh', Math.sinh, -50, 50],
  ['decimalCosh', Math.cosh, -50, 50],
  ['decimalTanh', Math.tanh, -50, 50],
  ['decimalAsinh', Math.asinh, -1e9, 1e9],
  ['decimalAcosh', Math.acosh, 1, 1e9],
  ['decimalAtanh', Math.atanh, -0.999, 0.999],
]

test.each(doubles)('%s agrees with doubles', (name, double, min, max) => {
  const apply = functions[name] as (x: Decimal) => Decimal
  fc.assert(
    fc.property(fc.double({ min, max, noNaN: true }), x => {
      const expected = double(x)
      const got = doubleOfDecimal(apply(decimalOfDouble(x)))
      expect(Math.abs(got - expected)).toBeLessThanOrEqual(Math.abs(expected) * 1e-12 + 1e-15)
    }),
    { numRuns: 40 },
  )
})

test('an angle to every point of the compass', () => {
  for (const y of [-2, -1, -0, 0, 1, 3]) {
    for (const x of [-2, -1, -0, 0, 1, 3]) {
      const got = doubleOfDecimal(functions.decimalAtan2(decimalOfDouble(y), decimalOfDouble(x)))
      expect(got).toBeCloseTo(Math.atan2(y, x), 14)
    }
  }
})
