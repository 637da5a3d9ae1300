/** Arguments that have names: `{ $map: { input: …, as: …, in: … } }`. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { elementsOf } from '../bson/reader.ts'
import { type Value, isDocument, typeName } from '../bson/value.ts'
import type { CompileHelpers, Evaluate } from './operator.ts'

/** Which names there are, and the server's code for each way to get them wrong. */
export interface NamedShape<Required extends string, Optional extends string> {
  readonly operator: string
  /** Name → code for when it is absent. The first absent one is named. */
  readonly required: Readonly<Record<Required, CodeName>>
  readonly optional?: readonly Optional[]
  readonly notObject: CodeName
  readonly unknown: CodeName
}

type Named<Required extends string, Optional extends string, T> = { readonly [name in Required]: T } & {
  readonly [name in Optional]?: T
}

/** The arguments as they are written. @throws CommandError with the shape's codes. */
export function namedSpecs<Required extends string, Optional extends string = never>(
  argument: Value,
  { operator, required, optional = [], notObject, unknown }: NamedShape<Required, Optional>,
): Named<Required, Optional, Value> {
  if (!isDocument(argument)) {
    throw new CommandError(
      notObject,
      `${operator} only supports an object as its argument, found: ${typeName(argument)}`,
    )
  }
  const found: Record<string, Value> = {}
  for (const [name, value] of elementsOf(argument)) {
    if (!Object.hasOwn(required, name) && !(optional as readonly string[]).includes(name)) {
      throw new CommandError(unknown, `${operator} found an unknown argument: ${name}`)
    }
    found[name] = value
  }
  for (const name in required) {
    if (found[name] === undefined) {
      throw new CommandError(required[name], `Missing '${name}' parameter to ${operator}: it has to be specified`)
    }
  }
  return found as Named<Required, Optional, Value>
}

/** The arguments, each compiled as an expression. @throws CommandError with the shape's codes. */
export function compileNamed<Required extends string, Optional extends string = never>(
  argument: Value,
  shape: NamedShape<Required, Optional>,
  helpers: CompileHelpers,
): Named<Required, Optional, Evaluate> {
  const compiled: Record<string, Evaluate> = {}
  for (const [name, spec] of Object.entries<Value>(namedSpecs(argument, shape))) {
    compiled[name] = helpers.compileExpression(spec)
  }
  return compiled as Named<Required, Optional, Evaluate>
}
