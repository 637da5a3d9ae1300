/** A running command as currentOp shows it. */
import type { Env } from '../base/env.ts'
import { show } from '../bson/show.ts'
import { binaryValue, type Encodable } from '../bson/encode.ts'
import { firstElement } from '../bson/reader.ts'
import { documentValue, isString, toText } from '../bson/value.ts'
import type { RunningOperation } from './operations.ts'
import type { ServerFacts } from './server-facts.ts'

/** A command whose bytes are more than this is shown as a text that is cut. */
const commandBytesMax = 1000

export function describeOperation(
  operation: RunningOperation,
  { env, facts }: { readonly env: Env; readonly facts: ServerFacts },
): { readonly [name: string]: Encodable } {
  const { request, client, lsid } = operation
  const runningMs = env.monotonicMs() - operation.startedMs
  const [, first] = firstElement(documentValue(request.body)) ?? []
  const command =
    request.body.length <= commandBytesMax ? request.body : { $truncated: show(documentValue(request.body)) }
  return {
    type: 'op',
    host: facts.host,
    desc: `conn${client.connectionId}`,
    connectionId: client.connectionId,
    client: client.remoteAddress,
    appName: client.appName,
    clientMetadata: client.metadata,
    active: true,
    opid: operation.id,
    lsid: lsid && { id: binaryValue(4, lsid) },
    secs_running: BigInt(Math.floor(runningMs / 1000)),
    microsecs_running: BigInt(Math.floor(runningMs * 1000)),
    op: request.name === 'getMore' ? 'getmore' : 'command',
    ns: isString(first) ? `${request.db}.${toText(first)}` : `${request.db}.$cmd`,
    command,
  }
}
