/**
 * The embedded API: a database inside this process, for any MongoDB driver.
 *
 *   const db = await open({ path: './data' })
 *   const client = new MongoClient(db.uri)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type Server } from './server.ts'

export interface OpenOptions {
  /** Folder of the data, created when it is not there. Without it the data is in memory and ends with the database. */
  readonly path?: string
  /** Name of the replica set of one that drivers are shown; `rs0` if not given. */
  readonly replSet?: string
  /**
   * Which writes keep the document as it was, for fullDocumentBeforeChange and exact post-images: those to `always` every collection,
   * or those to collections that were created with changeStreamPreAndPostImages (`perCollection`, if not given).
   */
  readonly changeStreamImages?: 'always' | 'perCollection'
}

export interface Database extends AsyncDisposable {
  /**
   * The connection string for this machine's drivers: a Unix socket in a folder that only this user may enter, or a port on
   * loopback where there are no Unix sockets. Valid until `close`.
   */
  readonly uri: string
  /** Ends streams and connections, and closes the data. Everything acknowledged is on the disk already. Once is enough. */
  close(): Promise<void>
}

/**
 * Opens a database, ready when the promise resolves.
 *
 * @throws Error, naming the file, when the data is damaged or in use by another process.
 */
export async function open({ path, replSet = 'rs0', changeStreamImages }: OpenOptions = {}): Promise<Database> {
  const storage = path === undefined ? 'memory' : 'embedded'
  const deployment = { storage, path, replSet, changeStreamImages } as const
  if (process.platform === 'win32') {
    const server = await startServer({ ...deployment, hosts: ['127.0.0.1'], port: 0 })
    return databaseOf(server, async () => undefined)
  }
  // A socket's path has about a hundred bytes at most, so it cannot lie in the data's folder, wherever that is.
  const folder = await mkdtemp(join(tmpdir(), 'tailrace-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  try {
    const socketPath = join(folder, 'tailrace.sock')
    return databaseOf(await startServer({ ...deployment, hosts: [], port: 0, socketPath }), removeFolder)
  } catch (error) {
    await removeFolder()
    throw error
  }
}

function databaseOf(server: Server, cleanUp: () => Promise<void>): Database {
  let closed: Promise<void> | undefined
  const close = () => (closed ??= server.close().then(cleanUp))
  return { uri: server.uri, close, [Symbol.asyncDispose]: close }
}
