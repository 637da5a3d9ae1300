/** The database profiler: not there, so it is always off. */
import { CommandError } from '../../base/errors.ts'
import { doubleValue } from '../../bson/encode.ts'
import type { Command } from '../command.ts'
import { integer, notSupported, readFields } from '../fields.ts'

export const command: Command = {
  name: 'profile',
  run(request) {
    const { profile: level } = readFields(request, {
      profile: integer,
      slowms: notSupported(),
      sampleRate: notSupported(),
      filter: notSupported(),
    })
    // -1 only asks.
    if (level !== 0 && level !== -1) {
      throw new CommandError('NotImplemented', `profiling is not supported yet: level ${level}`)
    }
    return { was: 0, slowms: 100, sampleRate: doubleValue(1) }
  },
}
