/**
 * The contract of a namespace that is no stored collection but a view of the log. collection/system-namespaces/ has one file for
 * each; system-reads.ts finds and reads them.
 */
import type { Encodable } from '../bson/encode.ts'
import type { Value } from '../bson/value.ts'
import type { Namespace } from './namespace.ts'
import type { Store } from './store.ts'

export interface SystemNamespace {
  readonly namespace: Namespace
  /** The options that listCollections shows. */
  options(store: Store): { readonly [name: string]: Encodable }
  /** What listIndexes shows. */
  readonly indexes: readonly Uint8Array[]
  /** Its documents in natural order, or against it. The filter may save some reading; it is not applied. */
  read(store: Store, filter: Value, options: { readonly reverse: boolean }): AsyncIterable<Uint8Array>
  /**
   * For a namespace at whose end a cursor may wait, all of whose documents come with a commit: gives its next document in natural
   * order at each call, undefined at the end of what is there then.
   */
  follow?(store: Store, filter: Value): () => Promise<Uint8Array | undefined>
}
