/** What the documents of a collection weigh. Reads all of it. */
import { Pace } from '../../base/pace.ts'
import { CommandError } from '../../base/errors.ts'
import { weighCollection, weighSystemNamespace } from '../../collection/measure.ts'
import { findSystemNamespace } from '../../collection/system-reads.ts'
import type { Command } from '../command.ts'
import { findCollection, whole } from '../collection-stats.ts'
import { notSupported, readFields, string, withoutEffect } from '../fields.ts'

const table = {
  dataSize: string,
  keyPattern: notSupported(),
  min: notSupported(),
  max: notSupported(),
  estimate: withoutEffect, // The answer is exact.
}

export const command: Command = {
  name: 'dataSize',
  aliases: ['datasize'],
  async run(request, { store, env, operation }) {
    const { dataSize: name } = readFields(request, table, { as: 'dataSize' })
    const dot = name.indexOf('.')
    if (dot <= 0 || dot === name.length - 1) {
      throw new CommandError('InvalidNamespace', `Invalid namespace specified '${name}'`)
    }
    const namespace = { db: name.slice(0, dot), coll: name.slice(dot + 1) }
    const beganMs = env.monotonicMs()
    const pace = new Pace(env, () => operation.check())
    const system = findSystemNamespace(namespace)
    const info = system === undefined ? await findCollection(store, namespace) : undefined
    const weight =
      system === undefined
        ? info && (await weighCollection(store, info, pace))
        : await weighSystemNamespace(store, system, pace)
    const { count = 0, valueBytes = 0 } = weight?.documents ?? {}
    return {
      estimate: false,
      size: whole(valueBytes),
      numObjects: whole(count),
      millis: Math.floor(env.monotonicMs() - beganMs),
    }
  },
}
