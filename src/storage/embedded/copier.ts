/**
 * Makes copies of short-lived bytes, cut from slabs: a fraction of the price of a buffer for each. A copy that is kept keeps its
 * slab, so slabs are small, and what is large gets a buffer of its own.
 */
const slabBytes = 16 * 1024
const ownBufferBytesMin = slabBytes / 4
/** Below this a loop is faster than a call. */
const callBytesMin = 32

/** Not filled with zeros first. */
const newSlab = () => Buffer.allocUnsafeSlow(slabBytes).buffer

export class Copier {
  #slab = newSlab()
  #used = 0

  /** `count` bytes of `source` from `start` on. They may lie behind its `length`, as long as its buffer holds them. */
  copy(source: Uint8Array, start: number, count: number): Uint8Array {
    if (count >= ownBufferBytesMin) return new Uint8Array(source.buffer, source.byteOffset + start, count).slice()
    if (this.#used + count > slabBytes) {
      this.#slab = newSlab()
      this.#used = 0
    }
    const copy = new Uint8Array(this.#slab, this.#used, count)
    this.#used += (count + 7) & ~7
    if (count < callBytesMin) for (let at = 0; at < count; at += 1) copy[at] = source[start + at] as number
    else copy.set(new Uint8Array(source.buffer, source.byteOffset + start, count))
    return copy
  }
}
