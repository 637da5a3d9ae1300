/** A pipeline that ends with one of the stages that write (sink.ts). */
import type { StageSpec } from '../aggregate/stage-names.ts'
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import type { OpenedSink, Sink, SinkContext } from './sink.ts'
import * as all from './sinks/all.ts'

const sinks: ReadonlyMap<string, Sink> = new Map(Object.values(all).map(sink => [sink.name, sink]))

/** @throws CommandError as the stage does, and where nothing can be written. */
export function openSink({ name, spec }: StageSpec, around: SinkContext): Promise<OpenedSink> {
  const { transaction, readConcernLevel } = around.context.operation
  if (transaction !== undefined) {
    throw new CommandError(
      'OperationNotSupportedInTransaction',
      `Stage not supported inside of a multi-document transaction: ${name}`,
    )
  }
  if (readConcernLevel === 'linearizable' || readConcernLevel === 'snapshot') {
    throw new CommandError('InvalidOptions', `${name} cannot be used with a '${readConcernLevel}' read concern level`)
  }
  return must(sinks.get(name), `the sink ${name}`).open(spec, around)
}
