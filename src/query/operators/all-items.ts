/**
 * `{ path: { $all: [value, /pattern/] } }` or a list of `{ $elemMatch: … }`: each is found, wherever. An empty list
 * finds nothing.
 */
import { CommandError } from '../../base/errors.ts'
import { firstElement, itemsOf } from '../../bson/reader.ts'
import { BsonType, type Value, isArray, isDocument } from '../../bson/value.ts'
import { equalsPredicate } from '../constant.ts'
import { countedPredicate, predicatesPerPiece } from '../counted.ts'
import type { FieldOperator, Predicate } from '../operator.ts'
import { regexPredicate } from '../pattern.ts'

export const operator: FieldOperator = {
  name: '$all',
  of: 'field',
  compile(argument, { compilePredicate, options }) {
    if (!isArray(argument)) throw new CommandError('BadValue', '$all needs an array')
    const items = itemsOf(argument)
    const [first] = items
    if (first === undefined) return nothing
    const compileItem = isElemMatch(first) ? compileElemMatch : compileConstant
    return {
      kind: 'all',
      of: items.map((item, index) => {
        const predicate = compileItem(item)
        return index % predicatesPerPiece === 1 ? countedPredicate(predicate, options.pace) : predicate
      }),
    }

    function compileElemMatch(item: Value): Predicate {
      if (!isElemMatch(item)) throw new CommandError('BadValue', '$all/$elemMatch has to be consistent')
      return compilePredicate(item)
    }

    function compileConstant(item: Value): Predicate {
      if (item.type === BsonType.regex) return regexPredicate(item, options.pace)
      if (firstName(item)?.startsWith('$')) throw new CommandError('BadValue', 'no $ expressions in $all')
      return equalsPredicate(item, options.collation)
    }
  },
}

const nothing: Predicate = { kind: 'not', of: { kind: 'all', of: [] } }

const firstName = (item: Value): string | undefined => (isDocument(item) ? firstElement(item)?.[0] : undefined)
const isElemMatch = (item: Value): boolean => firstName(item) === '$elemMatch'
