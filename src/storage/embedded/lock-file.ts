/**
 * The file that says which process has a data directory open.
 *
 *   {"pid":4711,"started":"78f0a1bb-… 123456"}     started: boot and clock tick in which the process began; Linux only
 *
 * A process number alone says little: it is given out again, and in a container everybody is number 1. The file appears with its
 * content at once (by a link), so nobody ever reads half of it, and is left behind only by a process that died.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { StorageFailed } from '../../base/errors.ts'

interface Holder {
  readonly pid: number
  readonly started?: string
}

/** How often a lock that changes hands while we look at it is looked at again. */
const attemptCountMax = 8

/**
 * Makes `path` ours, taking it over from a process that is no more. Returns the way to give it back.
 *
 * @throws StorageFailed when a living process has it, be it this one.
 */
export function takeLock(path: string): () => void {
  const ours = JSON.stringify(self())
  for (let attempt = 0; attempt < attemptCountMax; attempt += 1) {
    if (createLock(path, ours)) return () => releaseLock(path, ours)
    const theirs = readLock(path)
    if (theirs === undefined) continue
    const holder = parseHolder(theirs)
    if (holder !== undefined && isAlive(holder)) {
      const who = holder.pid === process.pid ? 'this process' : `process ${holder.pid}`
      throw new StorageFailed(`the data is in use by ${who}, says ${path}`)
    }
    removeStaleLock(path, theirs)
  }
  throw new StorageFailed(`${path} keeps changing; other processes are trying to open the same data`)
}

/** False when there is a lock already. */
function createLock(path: string, content: string): boolean {
  const aside = `${path}.${process.pid}`
  try {
    writeFileSync(aside, content)
    linkSync(aside, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new StorageFailed(`${path} cannot be made: ${String(error)}`, { cause: error })
  } finally {
    rmSync(aside, { force: true })
  }
}

function releaseLock(path: string, ours: string): void {
  if (readLock(path) === ours) rmSync(path, { force: true })
}

/** Undefined when there is none. */
function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new StorageFailed(`${path} cannot be read: ${String(error)}`, { cause: error })
  }
}

/**
 * Somebody else may have found the lock stale too and have put his own in its place by now. So it is moved aside first, which only
 * one can do, and put back if it is not the one that was looked at.
 */
function removeStaleLock(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
    if (readLock(aside) !== stale) linkSync(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') {
      throw new StorageFailed(`${path} is of a process that is no more and cannot be removed: ${String(error)}`, {
        cause: error,
      })
    }
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Undefined for something else: what nobody of us can have written holds nobody off. */
function parseHolder(content: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(content) as Partial<Holder>
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined
    return typeof started === 'string' ? { pid, started } : { pid }
  } catch {
    return undefined
  }
}

function self(): Holder {
  const life = lifeOf(process.pid)
  return life === undefined ? { pid: process.pid } : { pid: process.pid, started: life.started }
}

/** When in doubt, alive: two processes on the same data do more harm than one that does not start. */
function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  const life = lifeOf(pid)
  if (life === undefined || started === undefined) return true
  return !life.isOver && life.started === started
}

/** What /proc tells of a process; undefined when it does not, as on systems other than Linux. */
function lifeOf(pid: number): { readonly started: string; readonly isOver: boolean } | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in parentheses, which may hold anything. The third is the state, the 22nd the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { started: `${boot} ${fields[19]}`, isOver: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
