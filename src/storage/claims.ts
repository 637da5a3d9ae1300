/**
 * Which open overlay wants to change which key. The second that wants to change it fails at once, and not when it has done all
 * its work and commits. Writes outside of overlays claim nothing and heed no claim: the overlay in their way fails.
 */
import { nameOf } from './changes.ts'
import type { Space } from './engine.ts'

export class Claims {
  readonly #owners = new Map<string, object>()

  /** How many keys are claimed. */
  get count(): number {
    return this.#owners.size
  }

  /** Whether somebody but `owner` has the key. */
  isOthers(owner: object, space: Space, key: Uint8Array): boolean {
    const found = this.#owners.get(claimOf(space, key))
    return found !== undefined && found !== owner
  }

  /** The key is the owner's until it is released. */
  claim(owner: object, space: Space, key: Uint8Array): void {
    this.#owners.set(claimOf(space, key), owner)
  }

  /** Harmless for a key that is not the owner's. */
  release(owner: object, space: Space, key: Uint8Array): void {
    const claim = claimOf(space, key)
    if (this.#owners.get(claim) === owner) this.#owners.delete(claim)
  }
}

const claimOf = (space: Space, key: Uint8Array): string => `${space}\0${nameOf(key)}`
