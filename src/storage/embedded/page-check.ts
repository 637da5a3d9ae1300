/**
 * Looks at an LMDB file before LMDB does, which believes what it reads and dies of what it should not have believed.
 *
 *   page 0, 1    header | meta: two descriptions of the whole, the one with the greater transaction number holds
 *   page n       header | node offset u16 … free … nodes      lower, upper and node offsets count from behind the header
 *
 *   header   page u64 | transaction u64 | – u16 | flags u16 | lower u16 | upper u16         24 bytes, little-endian
 *   meta     magic u32 | version u32 | – u64 | map bytes u64 | tree × 2 | last page u64 | transaction u64
 *   tree     page bytes u32 | flags u16 | depth u16 | counts u64 × 4 | root page u64        48 bytes; free space, then names
 *   node     low u16 | high u16 | flags u16 | key bytes u16 | key | value
 *
 * Source: mdb.c of lmdb-js 3.5.6 (data version 2). The metas and the trees of all pages are looked at, level by level, until
 * `pagesCheckedMax`: all of a file of forty megabytes, and of a larger one the roots and branches, which everything else hangs
 * on. A file may rightly be shorter than the meta says, when its last pages are free; then every page that is in use is looked at.
 * Not noticed is what changes a value and leaves the page as it should be, and garbage in the leaves of a large file.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StorageFailed } from '../../base/errors.ts'
import { pagesCheckedMax } from '../../base/limits.ts'

const headerBytes = 24
const treeBytes = 48
const nodeHeaderBytes = 8
const magic = 0xbeefc0de
const dataVersion = 2
const noPage = 0xffffffffffffffffn
/** Deeper than any tree of a file that fits on a disk. */
const depthMax = 32

const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 }
const nodeFlags = { overflow: 0x01, tree: 0x02 }

interface Meta {
  readonly pageBytes: number
  readonly freeRoot: bigint
  readonly namesRoot: bigint
  readonly lastPage: bigint
  readonly transaction: bigint
}

/** @throws StorageFailed that names the file, when it is not there, not to be read, not LMDB's, of another version, cut off or overwritten. */
export function checkPages(path: string): void {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new StorageFailed(`${path} cannot be opened: ${String(error)}`, { cause: error })
  }
  try {
    new PageCheck(path, file).check()
  } catch (error) {
    if (error instanceof StorageFailed) throw error
    throw new StorageFailed(`${path} cannot be read: ${String(error)}`, { cause: error })
  } finally {
    closeSync(file)
  }
}

/** A page to look at, and how the keys of its tree are ordered: the free tree has the numbers of transactions. */
interface Waiting {
  readonly page: number
  readonly order: 'bytes' | 'numbers'
  readonly depth: number
}

const noKey = Buffer.alloc(0)

class PageCheck {
  readonly #path: string
  readonly #file: number
  readonly #fileBytes: number
  readonly #waiting: Waiting[] = []
  readonly #used = new Set<number>()
  #pageBytes = 0
  #lastPage = 0

  constructor(path: string, file: number) {
    this.#path = path
    this.#file = file
    this.#fileBytes = fstatSync(file).size
  }

  check(): void {
    const first = this.#readMeta(0, 0)
    this.#pageBytes = first.pageBytes
    const second = this.#readMeta(1, first.pageBytes)
    if (second.pageBytes !== first.pageBytes) this.#refuse('its two meta pages disagree on the size of a page')
    const meta = second.transaction > first.transaction ? second : first
    const isWhole = BigInt(this.#fileBytes) >= (meta.lastPage + 1n) * BigInt(meta.pageBytes)
    this.#lastPage = Number(meta.lastPage)
    this.#wait(meta.freeRoot, { order: 'numbers', depth: 1 })
    this.#wait(meta.namesRoot, { order: 'bytes', depth: 1 })
    // Level by level, so that what all else hangs on comes first.
    for (let at = 0; at < this.#waiting.length && (at < pagesCheckedMax || !isWhole); at++) {
      this.#checkPage(this.#waiting[at] as Waiting)
    }
  }

  /** Puts a page on the list of those to look at, unless there is none. */
  #wait(page: bigint, { order, depth }: Pick<Waiting, 'order' | 'depth'>): void {
    if (page === noPage) return
    if (depth > depthMax) this.#refuse(`a tree is more than ${depthMax} levels deep`)
    if (page < 2n || page > BigInt(this.#lastPage)) this.#refuse(`it speaks of page ${page}, which cannot be`)
    const number = Number(page)
    if (this.#used.has(number)) this.#refuse(`page ${page} is used twice`)
    this.#used.add(number)
    this.#waiting.push({ page: number, order, depth })
  }

  #readMeta(page: number, offset: number): Meta {
    const bytes = this.#read(offset, headerBytes + 24 + 2 * treeBytes + 16)
    if (bytes === undefined) return this.#refuse(`it is cut off before the end of meta page ${page}`)
    const meta = bytes.subarray(headerBytes)
    if ((bytes.readUInt16LE(18) & pageFlags.meta) === 0 || meta.readUInt32LE(0) !== magic) {
      return this.#refuse(`page ${page} is not a meta page of LMDB`)
    }
    const version = meta.readUInt32LE(4) & 0xffff
    if (version !== dataVersion) this.#refuse(`it is of LMDB's data version ${version}, not ${dataVersion}`)
    const pageBytes = meta.readUInt32LE(24)
    if (pageBytes < 256 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0) {
      this.#refuse(`meta page ${page} gives ${pageBytes} as the size of a page`)
    }
    return {
      pageBytes,
      freeRoot: meta.readBigUInt64LE(24 + treeBytes - 8),
      namesRoot: meta.readBigUInt64LE(24 + 2 * treeBytes - 8),
      lastPage: meta.readBigUInt64LE(24 + 2 * treeBytes),
      transaction: meta.readBigUInt64LE(24 + 2 * treeBytes + 8),
    }
  }

  #checkPage({ page, order, depth }: Waiting): void {
    const bytes = this.#readPage(page)
    const isLeaf = (bytes.readUInt16LE(18) & pageFlags.leaf) !== 0
    let before: Buffer | undefined
    for (const node of this.#nodesOf(bytes, page)) {
      const value = nodeHeaderBytes + node.readUInt16LE(6)
      const key = node.subarray(nodeHeaderBytes, value)
      if (!isLeaf) {
        this.#wait(childOf(node), { order, depth: depth + 1 })
        // Below the first key of a branch is everything before the second: it is empty, or old.
        if (before === undefined) {
          before = noKey
          continue
        }
      } else this.#checkValue(node, value)
      if (before !== undefined && compareKeys(before, key, order) >= 0) this.#refuse(`page ${page} is overwritten`)
      before = key
    }
  }

  /** What a leaf holds: a value, the root of another tree, or the number of the first page that a large value is on. */
  #checkValue(node: Buffer, value: number): void {
    const flags = node.readUInt16LE(4)
    if ((flags & nodeFlags.tree) !== 0) {
      this.#wait(node.readBigUInt64LE(value + treeBytes - 8), { order: 'bytes', depth: 1 })
    } else if ((flags & nodeFlags.overflow) !== 0) {
      this.#checkOverflow(node.readBigUInt64LE(value), node.readUInt32LE(0))
    }
  }

  /** A branch or leaf, in full. */
  #readPage(page: number): Buffer {
    const bytes = this.#read(page * this.#pageBytes, this.#pageBytes)
    if (bytes === undefined) return this.#refuse(`it is cut off before page ${page}, which is in use`)
    const flags = bytes.readUInt16LE(18) & 0x0f
    if (Number(bytes.readBigUInt64LE(0)) !== page || (flags !== pageFlags.branch && flags !== pageFlags.leaf)) {
      this.#refuse(`page ${page} is overwritten`)
    }
    return bytes
  }

  /** A value on pages of its own; only the first of them has a header. */
  #checkOverflow(page: bigint, valueBytes: number): void {
    const offset = Number(page) * this.#pageBytes
    const header = this.#read(offset, headerBytes)
    if (header === undefined || offset + headerBytes + valueBytes > this.#fileBytes) {
      return this.#refuse(`it is cut off within page ${page}, which is in use`)
    }
    const pageCount = header.readUInt32LE(20)
    if (
      header.readBigUInt64LE(0) !== page ||
      (header.readUInt16LE(18) & 0x0f) !== pageFlags.overflow ||
      headerBytes + valueBytes > pageCount * this.#pageBytes ||
      Number(page) + pageCount - 1 > this.#lastPage
    ) {
      this.#refuse(`page ${page} is overwritten`)
    }
  }

  *#nodesOf(bytes: Buffer, page: number): Generator<Buffer> {
    const isLeaf = (bytes.readUInt16LE(18) & pageFlags.leaf) !== 0
    const content = bytes.subarray(headerBytes)
    const offsetsEnd = bytes.readUInt16LE(20)
    const nodesBegin = bytes.readUInt16LE(22)
    if (offsetsEnd > nodesBegin || nodesBegin > content.length || offsetsEnd % 2 !== 0) {
      this.#refuse(`page ${page} is overwritten`)
    }
    for (let at = 0; at < offsetsEnd; at += 2) {
      const offset = content.readUInt16LE(at)
      const node = content.subarray(offset)
      if (offset < nodesBegin || node.length < nodeHeaderBytes || node.length < nodeBytes(node, isLeaf)) {
        this.#refuse(`page ${page} is overwritten`)
      }
      yield node
    }
  }

  /** Undefined when the file ends before. */
  #read(offset: number, count: number): Buffer | undefined {
    if (offset + count > this.#fileBytes) return undefined
    const bytes = Buffer.alloc(count)
    return readSync(this.#file, bytes, 0, count, offset) === count ? bytes : undefined
  }

  #refuse(what: string): never {
    throw new StorageFailed(`${this.#path} is damaged: ${what}`)
  }
}

/** A branch node keeps the number of the page below it where others keep the size of their value. */
function childOf(node: Buffer): bigint {
  return BigInt(node.readUInt32LE(0)) | (BigInt(node.readUInt16LE(4)) << 32n)
}

/** With its key, and what of its value lies in the page. */
function nodeBytes(node: Buffer, isLeaf: boolean): number {
  const withKey = nodeHeaderBytes + node.readUInt16LE(6)
  if (!isLeaf) return withKey
  const flags = node.readUInt16LE(4)
  if ((flags & ~(nodeFlags.overflow | nodeFlags.tree)) !== 0) return Infinity
  if ((flags & nodeFlags.tree) !== 0) return withKey + treeBytes
  return withKey + ((flags & nodeFlags.overflow) !== 0 ? 8 : node.readUInt32LE(0))
}

function compareKeys(a: Buffer, b: Buffer, order: Waiting['order']): number {
  if (order === 'bytes' || a.length !== 8 || b.length !== 8) return a.compare(b)
  const difference = a.readBigUInt64LE(0) - b.readBigUInt64LE(0)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
