/** Drops indexes by name, by key, or all but that of _id. */
import { dropIndexes, type IndexChoice } from '../../collection/indexes.ts'
import { itemsOf } from '../../bson/reader.ts'
import { BsonType, toText, type Value } from '../../bson/value.ts'
import type { Command } from '../command.ts'
import { anything, collectionName, readFields, string, wrongType } from '../fields.ts'

const table = { dropIndexes: collectionName, index: anything }

export const command: Command = {
  name: 'dropIndexes',
  aliases: ['deleteIndexes'],
  inApiVersion1: true,
  async run(request, { store, maintenance }) {
    const { dropIndexes: coll, index } = readFields(request, table, { as: 'dropIndexes' })
    const nIndexesWas = await dropIndexes(store, { db: request.db, coll }, choiceOf(index))
    maintenance.poke()
    return { nIndexesWas }
  },
}

function choiceOf(index: Value): IndexChoice {
  switch (index.type) {
    case BsonType.string: {
      const name = toText(index)
      return name === '*' ? 'all' : { names: [name] }
    }
    case BsonType.array:
      return { names: itemsOf(index).map((item, position) => string(item, `dropIndexes.index.${position}`)) }
    case BsonType.document:
      return { key: index }
    default:
      throw wrongType(index, 'dropIndexes.index', 'string')
  }
}
