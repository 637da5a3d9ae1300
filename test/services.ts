/** The services that commands work with, real ones over the memory engine, and a client to ask as. */
import { deserialize, type Document, serialize } from 'bson'
import { openDeployment } from '../src/api/services.ts'
import type { Env } from '../src/base/env.ts'
import type { Client, Services } from '../src/command/command.ts'
import type { Dispatch } from '../src/command/dispatch.ts'
import type { RequestMessage } from '../src/command/exchange.ts'
import { ManualEnv } from './manual-env.ts'

export interface TestServices extends Services {
  close(): Promise<void>
}

/** In memory, with fail points allowed; what is given comes in place of the real ones. */
export async function openServices(env: Env = new ManualEnv(), given: Partial<Services> = {}): Promise<TestServices> {
  const { services, close } = await openDeployment({
    env,
    storage: 'memory',
    path: undefined,
    replSet: 'rs0',
    ownVersion: '0.1.0',
    compressors: ['snappy', 'zlib'],
    parameters: new Map([['enableTestCommands', '1']]),
  })
  return { ...services, ...given, close }
}

export function makeClient(fields: Partial<Client> = {}): Client {
  return {
    connectionId: 7,
    reachedAt: '127.0.0.1:27017',
    remoteAddress: '127.0.0.1:50000',
    signal: new AbortController().signal,
    ...fields,
  }
}

/** The message of a command document, on admin unless it says otherwise. */
export function messageOf(document: Document, more: Partial<RequestMessage> = {}): RequestMessage {
  return { body: serialize(withDatabase(document)), sequences: [], isQuery: false, ...more }
}

// The command's name is the first field, so $db goes behind it.
function withDatabase(document: Document): Document {
  const [[name, value] = ['', undefined], ...others] = Object.entries(document)
  return { [name]: value, $db: 'admin', ...Object.fromEntries(others) }
}

/** A reply as a driver reads it. Numbers keep their kind: an int32 is a number, an int64 a bigint. */
export const replyOf = (bytes: Uint8Array): Document =>
  deserialize(bytes, { promoteValues: true, useBigInt64: true, promoteBuffers: false })

/** Sends a command document and reads its only reply. */
export async function ask(
  dispatch: Dispatch,
  services: Services,
  document: Document,
  client: Client = makeClient(),
): Promise<Document> {
  const outcome = await dispatch(messageOf(document), client, services)
  if (outcome === 'close-connection') throw new Error('the connection was closed')
  return replyOf(outcome.document)
}
