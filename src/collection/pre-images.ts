/**
 * Pre-images: documents as they were before a write. They lie in the log entry of the write, and which of them are old enough to be
 * gone is decided when they are read. So an expired one is never seen, and its bytes are free when retention removes the entry.
 */
import type { OplogEntry } from '../oplog/entry.ts'
import type { CollectionInfo } from './catalog.ts'
import { isInternalDatabase } from './namespace.ts'
import type { Store } from './store.ts'

/** Whether a write to the collection keeps the document as it was. The server's own databases have no images. */
export function keepsImages({ settings }: Store, { keepsImages: isSwitchedOn, namespace }: CollectionInfo): boolean {
  return isSwitchedOn || (settings.changeStreamImages === 'always' && !isInternalDatabase(namespace.db))
}

/** The entry without its pre-image when that has expired; else the same entry. */
export function withoutExpiredImage({ parameters, env }: Store, entry: OplogEntry): OplogEntry {
  if (entry.preImage === undefined || entry.wallMs >= parameters.imagesGoneBeforeMs(env.wallMs())) return entry
  return { ...entry, preImage: undefined }
}
