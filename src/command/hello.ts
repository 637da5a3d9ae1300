/**
 * The answer to hello and isMaster: a primary that is the only member of its set.
 *
 * A driver that watches us sends the topologyVersion it knows and how long it will wait for another one. Nothing about the set
 * changes while the process runs, so such a hello is answered when the time is over; with exhaust, again and again.
 *
 * Source: MongoDB driver specifications, server discovery and monitoring, handshake, OP_COMPRESSED.
 */
import { CommandError } from '../base/errors.ts'
import { documentBytesMax, messageBytesMax, sessionIdleMinutesMax, writeBatchCountMax } from '../base/limits.ts'
import { pause } from '../base/pause.ts'
import { dateValue, objectIdValue, timestampValue } from '../bson/encode.ts'
import { equalValues } from '../bson/compare.ts'
import { getField, itemsOf } from '../bson/reader.ts'
import { BsonType, isString, toBool, toText, type Value } from '../bson/value.ts'
import { electionTerm } from '../oplog/oplog-document.ts'
import { secondsOf } from '../oplog/cluster-time.ts'
import { parseClientMetadata } from './client-metadata.ts'
import type { CommandContext, CommandRequest, Reply } from './command.ts'
import { int64, integer, readDocumentFields, wrongType } from './fields.ts'
import { addressOf } from './replica-set.ts'
import { electionId, setVersion, topologyCounter, wireVersionMax, wireVersionMin } from './server-facts.ts'

/** `primaryField` is what the reply calls being primary: the two commands differ in nothing else. */
export async function answerHello(
  request: CommandRequest,
  context: CommandContext,
  primaryField: 'isWritablePrimary' | 'ismaster',
): Promise<Reply> {
  const { body } = request
  const { operation, env } = context
  takeMetadata(body, context)
  const awaited = parseAwaited(body, context)
  const reply = () => describe(body, context, primaryField)
  if (awaited === undefined) return reply()
  const replyLater = async () => {
    operation.awaitsNews = true
    await pause(env, awaited.waitMs, operation.signal)
    operation.check()
    return reply()
  }
  if (operation.exhaustAllowed) operation.repeat = replyLater
  return awaited.isKnown ? replyLater() : reply()
}

/** The handshake's `client` document belongs to the connection from now on. Unknown fields of hello are ignored by contract. */
function takeMetadata(body: Uint8Array, { client }: CommandContext): void {
  const value = getField(body, 'client')
  if (value === undefined) return
  if (client.metadata !== undefined) {
    throw new CommandError(
      'ClientMetadataCannotBeMutated',
      'The client metadata document may only be sent in the first hello',
    )
  }
  const { document, appName } = parseClientMetadata(value)
  client.metadata = document
  if (appName !== undefined) client.appName = appName
}

interface Awaited {
  readonly waitMs: number
  /** Whether the client knows the present topology already. */
  readonly isKnown: boolean
}

/** What the client waits for; undefined when it wants its answer now. */
function parseAwaited(body: Uint8Array, { facts, operation }: CommandContext): Awaited | undefined {
  const topologyVersion = getField(body, 'topologyVersion')
  const maxAwaitTimeMs = getField(body, 'maxAwaitTimeMS')
  if (operation.exhaustAllowed && maxAwaitTimeMs === undefined) {
    throw new CommandError('Location51756', `A hello with exhaust must specify 'maxAwaitTimeMS'`)
  }
  if (topologyVersion === undefined && maxAwaitTimeMs === undefined) return undefined
  if (topologyVersion === undefined || maxAwaitTimeMs === undefined) {
    throw new CommandError('Location31368', `A hello needs both 'topologyVersion' and 'maxAwaitTimeMS', or neither`)
  }
  const { processId, counter } = readDocumentFields('topologyVersion', topologyVersion, {
    processId: objectId,
    counter: int64,
  })
  const waitMs = integer(maxAwaitTimeMs, 'maxAwaitTimeMS')
  if (counter < 0n) throw new CommandError('Location31372', `'topologyVersion.counter' must not be negative`)
  if (waitMs < 0) throw new CommandError('Location31373', `'maxAwaitTimeMS' must not be negative`)
  const isOurs = equalValues(processId, objectIdValue(facts.processId))
  if (isOurs && counter > topologyCounter) {
    throw new CommandError(
      'Location31382',
      `Received a topology version with counter ${counter}, which is greater than the server's ${topologyCounter}`,
    )
  }
  return { waitMs, isKnown: isOurs }
}

function objectId(value: Value | undefined, path: string): Value {
  if (value?.type === BsonType.objectId) return value
  throw value === undefined
    ? new CommandError('IDLFailedToParse', `BSON field '${path}' is missing but a required field`)
    : wrongType(value, path, 'objectId')
}

/** The fields in the server's order. */
function describe(
  body: Uint8Array,
  { facts, client, env, store }: CommandContext,
  primaryField: 'isWritablePrimary' | 'ismaster',
): Reply {
  const address = addressOf(facts, client)
  const { time } = store.engine.log.newest
  const opTime = { ts: timestampValue(time), t: electionTerm }
  const opTimeDate = dateValue(secondsOf(time) * 1000)
  const helloOk = getField(body, 'helloOk')
  return {
    helloOk: helloOk?.type === BsonType.bool && toBool(helloOk) ? true : undefined,
    topologyVersion: { processId: objectIdValue(facts.processId), counter: topologyCounter },
    hosts: [address],
    setName: facts.replSet,
    setVersion,
    [primaryField]: true,
    secondary: false,
    primary: address,
    me: address,
    electionId: objectIdValue(electionId),
    lastWrite: { opTime, lastWriteDate: opTimeDate, majorityOpTime: opTime, majorityWriteDate: opTimeDate },
    maxBsonObjectSize: documentBytesMax,
    maxMessageSizeBytes: messageBytesMax,
    maxWriteBatchSize: writeBatchCountMax,
    localTime: dateValue(env.wallMs()),
    logicalSessionTimeoutMinutes: sessionIdleMinutesMax,
    connectionId: client.connectionId,
    minWireVersion: wireVersionMin,
    maxWireVersion: wireVersionMax,
    readOnly: false,
    compression: commonCompressors(getField(body, 'compression'), facts.compressors),
  }
}

/** Those of the client's that are ours too, in the client's order; undefined when it asks for none. */
function commonCompressors(value: Value | undefined, ours: readonly string[]): string[] | undefined {
  if (value === undefined) return undefined
  if (value.type !== BsonType.array) throw wrongType(value, 'compression', 'array')
  return itemsOf(value)
    .filter(isString)
    .map(toText)
    .filter(name => ours.includes(name))
}
