/** What `$jsonSchema` lets through, keyword by keyword. */
import { Decimal128, Double, Int32, Long } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { expectRefusals, matches } from './query.suite.ts'

/** Each `fits` passes `{ a: value }` under a schema for `a`, and each `fails` does not. */
function expectSchema(a: Document, { fits = [], fails = [] }: { fits?: unknown[]; fails?: unknown[] }): void {
  const $jsonSchema = { properties: { a } }
  for (const value of fits)
    expect(matches({ $jsonSchema }, { a: value }), `${JSON.stringify(a)} fits ${String(value)}`).toBe(true)
  for (const value of fails) {
    expect(matches({ $jsonSchema }, { a: value }), `${JSON.stringify(a)} fails ${String(value)}`).toBe(false)
  }
}

test('types', () => {
  expectSchema({ bsonType: 'int' }, { fits: [new Int32(1)], fails: [new Double(1), 'x', null] })
  expectSchema({ bsonType: ['int', 'string'] }, { fits: [new Int32(1), 'x'], fails: [true] })
  expectSchema(
    { bsonType: 'number' },
    { fits: [new Int32(1), new Double(1), Decimal128.fromString('1')], fails: ['x'] },
  )
  expectSchema({ type: 'object' }, { fits: [{}], fails: [[], 'x'] })
  expectSchema({ type: ['boolean', 'null', 'array'] }, { fits: [true, null, []], fails: [1] })
  expect(matches({ $jsonSchema: { bsonType: 'object' } }, {})).toBe(true)
  expect(matches({ $jsonSchema: { bsonType: 'array' } }, {})).toBe(false)
})

test('numbers and texts; other values pass', () => {
  expectSchema({ minimum: 2, maximum: 5 }, { fits: [2, 5, Long.fromNumber(3), 'x', [1]], fails: [1, 5.5, NaN] })
  expectSchema({ minimum: 2, exclusiveMinimum: true }, { fits: [3], fails: [2] })
  expectSchema({ maximum: 2, exclusiveMaximum: true }, { fits: [1], fails: [2] })
  expectSchema({ maximum: 2, exclusiveMaximum: false }, { fits: [2] })
  expectSchema({ multipleOf: 3 }, { fits: [9, 0, 'x'], fails: [4, 1.5] })
  expectSchema({ multipleOf: 0.1 }, { fits: [new Double(0.3)], fails: [new Double(0.35)] })
  expectSchema({ minLength: 2, maxLength: 3 }, { fits: ['ab', 'abc', '\u{1F600}\u{1F600}', 5], fails: ['a', 'abcd'] })
  expectSchema({ pattern: '^a+$' }, { fits: ['aa', 5], fails: ['b'] })
})

test('objects', () => {
  const schema = { required: ['a'], properties: { a: { bsonType: 'int' } }, additionalProperties: false }
  expect(matches({ $jsonSchema: schema }, { a: new Int32(1) })).toBe(true)
  expect(matches({ $jsonSchema: schema }, {})).toBe(false)
  expect(matches({ $jsonSchema: schema }, { a: new Int32(1), b: 1 })).toBe(false)
  expectSchema({ required: ['x', 'y'] }, { fits: [{ x: 1, y: null }, 5], fails: [{ x: 1 }] })
  expectSchema({ properties: { x: { bsonType: 'string' } } }, { fits: [{}, { x: 'x' }, 5], fails: [{ x: 1 }] })
  expectSchema(
    { patternProperties: { '^n': { bsonType: 'string' } } },
    { fits: [{ n1: 'x', m: 1 }], fails: [{ n1: 1 }] },
  )
  expectSchema(
    { properties: { x: {} }, patternProperties: { '^n': {} }, additionalProperties: { bsonType: 'string' } },
    { fits: [{ x: 1, n: 1, other: 'x' }], fails: [{ other: 1 }] },
  )
  expectSchema(
    { minProperties: 1, maxProperties: 2 },
    { fits: [{ x: 1 }, { x: 1, y: 1 }, 5], fails: [{}, { x: 1, y: 1, z: 1 }] },
  )
  expectSchema({ dependencies: { x: ['y'] } }, { fits: [{}, { y: 1 }, { x: 1, y: 1 }], fails: [{ x: 1 }] })
  expectSchema({ dependencies: { x: { required: ['z'] } } }, { fits: [{}, { x: 1, z: 1 }], fails: [{ x: 1 }] })
})

test('arrays', () => {
  expectSchema({ minItems: 1, maxItems: 2 }, { fits: [[1], [1, 2], 5], fails: [[], [1, 2, 3]] })
  expectSchema(
    { uniqueItems: true },
    {
      fits: [[1, 2], [], 'x'],
      fails: [
        [1, new Double(1)],
        [
          { x: 1, y: 2 },
          { y: 2, x: 1 },
        ],
      ],
    },
  )
  expectSchema({ uniqueItems: false }, { fits: [[1, 1]] })
  expectSchema({ items: { bsonType: 'string' } }, { fits: [[], ['x'], 5], fails: [['x', 1]] })
  expectSchema(
    { items: [{ bsonType: 'string' }, { minimum: 2 }] },
    { fits: [[], ['x', 3, true]], fails: [['x', 1], [1]] },
  )
  expectSchema({ items: [{}], additionalItems: false }, { fits: [[1]], fails: [[1, 2]] })
  expectSchema({ items: [{}], additionalItems: { minimum: 5 } }, { fits: [[1, 6]], fails: [[1, 2]] })
  expectSchema({ additionalItems: false }, { fits: [[1, 2]] })
})

test('schemas of schemas', () => {
  const [small, even] = [{ maximum: 5 }, { multipleOf: 2 }]
  expectSchema({ allOf: [small, even] }, { fits: [4], fails: [3, 6] })
  expectSchema({ anyOf: [small, even] }, { fits: [3, 6], fails: [7] })
  expectSchema({ oneOf: [small, even] }, { fits: [3, 6], fails: [4, 7] })
  expectSchema({ not: small }, { fits: [6], fails: [3, 'x'] })
  expectSchema(
    { enum: [1, 'x', { p: 1, q: 2 }, null] },
    { fits: [new Double(1), 'x', { q: 2, p: 1 }, null], fails: [2, {}] },
  )
  expectSchema({ title: 'a', description: 'b' }, { fits: [1] })
  expect(matches({ $jsonSchema: {} }, { a: 1 })).toBe(true)
  expect(matches({ $nor: [{ $jsonSchema: { required: ['a'] } }] }, {})).toBe(true)
  expect(matches({ a: { $elemMatch: { $jsonSchema: { required: ['x'] } } } }, { a: [{ y: 1 }, { x: 1 }] })).toBe(true)
})

test('a schema that is none is refused', () => {
  const schemas: [unknown, string][] = [
    [5, 'TypeMismatch: $jsonSchema must be an object'],
    [{ foo: 1 }, 'FailedToParse: Unknown $jsonSchema keyword: foo'],
    [{ format: 'email' }, "FailedToParse: $jsonSchema keyword 'format' is not currently supported"],
    [{ $ref: '#' }, "FailedToParse: $jsonSchema keyword '$ref' is not currently supported"],
    [{ type: 'object', bsonType: 'object' }, 'FailedToParse: Cannot specify both'],
    [{ type: 'integer' }, "FailedToParse: $jsonSchema type 'integer' is not currently supported."],
    [{ type: 'int' }, 'BadValue: Unknown type name alias: int'],
    [{ bsonType: 5 }, "TypeMismatch: $jsonSchema keyword 'bsonType' must be either a string or an array of strings"],
    [{ required: [] }, "FailedToParse: $jsonSchema keyword 'required' cannot be an empty array"],
    [{ required: ['a', 'a'] }, "FailedToParse: $jsonSchema keyword 'required' array cannot contain duplicate values"],
    [{ required: 'a' }, "TypeMismatch: $jsonSchema keyword 'required' must be an array"],
    [{ properties: { a: 1 } }, 'TypeMismatch: $jsonSchema keyword'],
    [{ minLength: -1 }, 'FailedToParse: Expected a non-negative number in: minLength: -1'],
    [{ minimum: 'x' }, "TypeMismatch: $jsonSchema keyword 'minimum' must be a number"],
    [{ exclusiveMinimum: true }, "FailedToParse: $jsonSchema keyword 'minimum' must be a present"],
    [{ multipleOf: 0 }, "FailedToParse: $jsonSchema keyword 'multipleOf' must have a positive value"],
    [{ pattern: 1 }, "TypeMismatch: $jsonSchema keyword 'pattern' must be a string"],
    [{ allOf: [] }, "BadValue: $jsonSchema keyword 'allOf' must be a non-empty array"],
    [{ not: 1 }, "TypeMismatch: $jsonSchema keyword 'not' must be an object"],
    [{ enum: [] }, "FailedToParse: $jsonSchema keyword 'enum' cannot be an empty array"],
    [{ enum: [1, 1] }, "FailedToParse: $jsonSchema keyword 'enum' array cannot contain duplicate values."],
    [{ dependencies: { a: [] } }, 'FailedToParse: $jsonSchema keyword'],
    [{ title: 1 }, "TypeMismatch: $jsonSchema keyword 'title' must be of type string"],
    [{ uniqueItems: 1 }, "TypeMismatch: $jsonSchema keyword 'uniqueItems' must be a boolean"],
  ]
  expectRefusals(schemas.map(([$jsonSchema, refusal]) => [{ $jsonSchema }, refusal] as const))
})
