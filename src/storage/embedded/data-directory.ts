/**
 * The directory of the embedded engine: what lies in it, how it comes to be, and who may use it.
 *
 *   <path>/
 *     lock             who has it open (lock-file.ts)
 *     data/            complete as soon as it is there
 *       format         {"format":"tailrace-lmdb","version":3,"deploymentId":"<32 hexadecimal digits>"}
 *       data.mdb       LMDB's file
 *       journal        what was committed since LMDB's file was written to last (journal.ts)
 *       lock.mdb       LMDB's table of readers; worth nothing when nobody has it open
 *     data.new/        one that is being made. Whoever finds it throws it away
 *
 * data/ is made as data.new/, synced and renamed: a half-made LMDB file, which kills the process that opens it, is never opened.
 * It lies beside the lock and not around it, because <path> itself may be a mount point, which cannot be renamed.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { assert } from '../../base/assert.ts'
import { systemEnv } from '../../base/env.ts'
import { StorageFailed } from '../../base/errors.ts'
import { encodeJournalHead, saltBytes } from './journal-record.ts'
import { takeLock } from './lock-file.ts'
import { checkPages } from './page-check.ts'

const format = { format: 'tailrace-lmdb', version: 3 }
const deploymentIdBytes = 16

export interface DataDirectory {
  /** Folder for LMDB, whose file has been looked at and can be opened. */
  readonly environmentPath: string
  readonly journalPath: string
  /** 16 bytes. */
  readonly deploymentId: Uint8Array
  /** Lets the next one have it. */
  release(): void
}

export interface DataDirectoryOptions {
  readonly newDeploymentId: () => Uint8Array
  /** Makes an empty LMDB environment in a folder that is there and empty, and closes it. It need not be synced. */
  readonly createEnvironment: (path: string) => Promise<void>
}

/** Takes possession of the data under `folder`, making it first when there is none. @throws StorageFailed */
export async function openDataDirectory(folder: string, options: DataDirectoryOptions): Promise<DataDirectory> {
  const path = resolve(folder)
  makeFolder(path)
  const release = takeLock(join(path, 'lock'))
  try {
    const environmentPath = join(path, 'data')
    if (!existsSync(environmentPath)) await createData(path, options)
    const deploymentId = readFormat(join(environmentPath, 'format'))
    checkPages(join(environmentPath, 'data.mdb'))
    return { environmentPath, journalPath: join(environmentPath, 'journal'), deploymentId, release }
  } catch (error) {
    release()
    if (error instanceof StorageFailed) throw error
    throw new StorageFailed(`the data under ${path} cannot be opened: ${String(error)}`, { cause: error })
  }
}

async function createData(path: string, { newDeploymentId, createEnvironment }: DataDirectoryOptions): Promise<void> {
  // A folder with other things in it is somebody else's, or ours after data/ got lost. In both cases an empty database in it is
  // not what anyone wants.
  const foreign = readdirSync(path).find(name => !isOurs(name) && !name.startsWith('.') && name !== 'lost+found')
  if (foreign !== undefined) {
    throw new StorageFailed(`${join(path, 'data')} is missing, and ${path} is not empty: there is ${foreign}`)
  }
  const aside = join(path, 'data.new')
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside, { mode: 0o700 })
  const deploymentId = newDeploymentId()
  assert(deploymentId.length === deploymentIdBytes, `a deployment id has ${deploymentIdBytes} bytes`)
  await createEnvironment(aside)
  writeFileSync(join(aside, 'journal'), encodeJournalHead(systemEnv.randomBytes(saltBytes)), { mode: 0o600 })
  const content = { ...format, deploymentId: Buffer.from(deploymentId).toString('hex') }
  writeFileSync(join(aside, 'format'), JSON.stringify(content) + '\n')
  for (const name of readdirSync(aside)) sync(join(aside, name))
  syncFolder(aside)
  renameSync(aside, join(path, 'data'))
  syncFolder(path)
}

function isOurs(name: string): boolean {
  return name === 'data.new' || name === 'lock' || name.startsWith('lock.')
}

function makeFolder(path: string): void {
  try {
    const topmost = mkdirSync(path, { recursive: true, mode: 0o700 })
    if (topmost === undefined) return
    for (let folder = path; folder.length >= topmost.length; folder = dirname(folder)) syncFolder(dirname(folder))
  } catch (error) {
    throw new StorageFailed(`${path} cannot be made: ${String(error)}`, { cause: error })
  }
}

/** Makes the names in a folder outlive a power cut. Windows does so by itself and has no call for it. */
function syncFolder(path: string): void {
  if (process.platform !== 'win32') sync(path, 'r')
}

/** Makes what is in a file outlive a power cut. */
function sync(path: string, mode = 'r+'): void {
  const file = openSync(path, mode)
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The deployment id. */
function readFormat(path: string): Uint8Array {
  let found: Partial<Record<'format' | 'version' | 'deploymentId', unknown>>
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as typeof found
  } catch (error) {
    throw new StorageFailed(`${path} is damaged or missing: ${String(error)}`, { cause: error })
  }
  if (found?.format !== format.format) throw new StorageFailed(`${path} is of another format: ${JSON.stringify(found)}`)
  if (found.version !== format.version) {
    const versions = `version ${JSON.stringify(found.version)}, and this program reads ${format.version}`
    throw new StorageFailed(`${path} is of ${versions}`)
  }
  const { deploymentId } = found
  if (typeof deploymentId !== 'string' || !/^[0-9a-f]{32}$/.test(deploymentId)) {
    throw new StorageFailed(`${path} is damaged: it has no deployment id`)
  }
  return new Uint8Array(Buffer.from(deploymentId, 'hex'))
}
