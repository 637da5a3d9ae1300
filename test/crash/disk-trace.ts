/**
 * What a process has done to some files, from a trace of its calls, and what a power cut at any moment would have left of them.
 *
 * Durable is what was written to a file before a sync of it began that has ended, and what went through a descriptor whose writes are
 * synced by themselves, when they have ended. Of everything else each sector of 512 bytes may be there or not, whether its call has returned or not.
 */
import { openSync, readSync, closeSync } from 'node:fs'

/** What strace has to be told; the program follows. */
export const traceArguments = (output: string): string[] => {
  const calls = 'trace=write,writev,pwrite64,pwritev,lseek,fdatasync,fsync,openat'
  return ['-f', '-y', '-qq', '-v', '-xx', '-s', '100000000', '-e', calls, '-o', output]
}

export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer }
  /** Makes the writes to the file durable that are numbered behind `after`, up to `upTo`, from 1 at the beginning of the trace. */
  | { readonly kind: 'sync'; readonly path: string; readonly after: number; readonly upTo: number }
  | { readonly kind: 'printed'; readonly text: string }

const sectorBytes = 512

/** A line of strace: a call, the beginning of one, or the end of one. */
const linePattern = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/
const descriptorPattern = /^(\d+)<((?:\\x[0-9a-f]{2})*)>/
const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')

/** A line that tells of a write. */
interface WriteCall {
  readonly thread: string
  readonly descriptor: string
  readonly path: string
  readonly rest: string
}

/** A sync that has not ended. */
interface Syncing {
  readonly path: string
  readonly after: number
  readonly upTo: number
}

class TraceReader {
  readonly steps: Step[] = []
  /** By descriptor, as lseek has left them. */
  readonly #offsets = new Map<string, number>()
  /** Descriptors that were opened with O_DSYNC. */
  readonly #synced = new Set<string>()
  readonly #writeCounts = new Map<string, number>()
  /** By thread. */
  readonly #syncing = new Map<string, Syncing>()

  take(line: string): void {
    const [, thread = '', resumed, call = resumed ?? '', rest = ''] = linePattern.exec(line) ?? []
    if (call === 'openat') return this.#opened(rest)
    if (resumed !== undefined) {
      this.#endSync(thread)
      return
    }
    const [, descriptor = '', hex = ''] = descriptorPattern.exec(rest) ?? []
    const path = bytesOf(hex).toString()
    if (call === 'lseek') this.#offsets.set(descriptor, Number(/, (\d+), SEEK_SET/.exec(rest)?.[1]))
    else if (call.endsWith('sync')) this.#beginSync(thread, path, rest)
    else this.#wrote(call, { thread, descriptor, path, rest })
  }

  #opened(rest: string): void {
    const descriptor = /= (\d+)</.exec(rest)?.[1]
    if (descriptor === undefined) return
    if (rest.includes('O_DSYNC')) this.#synced.add(descriptor)
    else this.#synced.delete(descriptor)
  }

  #beginSync(thread: string, path: string, rest: string): void {
    this.#syncing.set(thread, { path, after: 0, upTo: this.#writeCounts.get(path) ?? 0 })
    if (rest.endsWith('= 0')) this.#endSync(thread)
  }

  #endSync(thread: string): void {
    const sync = this.#syncing.get(thread)
    this.#syncing.delete(thread)
    if (sync !== undefined) this.steps.push({ kind: 'sync', ...sync })
  }

  #wrote(call: string, { thread, descriptor, path, rest }: WriteCall): void {
    const bytes = Buffer.concat(Array.from(rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g), ([, hex = '']) => bytesOf(hex)))
    if (descriptor === '1') {
      this.steps.push({ kind: 'printed', text: bytes.toString() })
      return
    }
    let at = this.#offsets.get(descriptor) ?? 0
    if (call.startsWith('pwrite')) at = Number(/, (\d+)(?:\) += \d+| <unfinished \.\.\.>)$/.exec(rest)?.[1])
    else this.#offsets.set(descriptor, at + bytes.length)
    const upTo = (this.#writeCounts.get(path) ?? 0) + 1
    this.#writeCounts.set(path, upTo)
    this.steps.push({ kind: 'write', path, at, bytes })
    if (!this.#synced.has(descriptor)) return
    this.#syncing.set(thread, { path, after: upTo - 1, upTo })
    if (!rest.endsWith('<unfinished ...>')) this.#endSync(thread)
  }
}

/** Reads what strace has written, which may be longer than a string. */
export function readTrace(file: string): readonly Step[] {
  const reader = new TraceReader()
  const opened = openSync(file, 'r')
  const chunk = Buffer.alloc(1024 * 1024)
  let rest = ''
  for (let count = 0; (count = readSync(opened, chunk)) > 0;) {
    const lines = (rest + chunk.toString('latin1', 0, count)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) reader.take(line)
  }
  closeSync(opened)
  return reader.steps
}

/** A file of which a part may be in the system's memory alone. */
export class TracedFile {
  #durable: Buffer
  /** Not durable, oldest first; `number` counts the writes to this file. */
  #pending: { readonly number: number; readonly at: number; readonly bytes: Buffer }[] = []
  #count = 0

  constructor(content: Buffer) {
    this.#durable = content
  }

  wrote(at: number, bytes: Buffer): void {
    this.#count += 1
    this.#pending.push({ number: this.#count, at, bytes })
  }

  /** The writes numbered behind `after`, up to `upTo`, are durable. */
  synced(after: number, upTo: number): void {
    const isSynced = (number: number) => number > after && number <= upTo
    for (const { number, at, bytes } of this.#pending) {
      if (isSynced(number)) this.#durable = laid(this.#durable, at, bytes)
    }
    this.#pending = this.#pending.filter(({ number }) => !isSynced(number))
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  /** What is left when of each sector that is not durable `isLeft` decides. */
  left(isLeft: () => boolean): Buffer {
    let content: Buffer = Buffer.from(this.#durable)
    for (const { at, bytes } of this.#pending) {
      for (let from = 0; from < bytes.length;) {
        const to = Math.min(bytes.length, from + sectorBytes - ((at + from) % sectorBytes))
        if (isLeft()) content = laid(content, at + from, bytes.subarray(from, to))
        from = to
      }
    }
    return content
  }
}

/** The content with those bytes laid over it, behind its end too; in place where that can be. */
function laid(content: Buffer, at: number, bytes: Buffer): Buffer {
  const end = at + bytes.length
  const long = end <= content.length ? content : Buffer.concat([content, Buffer.alloc(end - content.length)])
  long.set(bytes, at)
  return long
}
