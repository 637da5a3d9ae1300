/** Names of cluster parameters, as both commands about them look them up. */
import { CommandError } from '../base/errors.ts'
import type { ClusterParameters } from '../collection/cluster-parameters.ts'

/** What getClusterParameter shows of it. @throws CommandError NoSuchKey. */
export function requireClusterParameter({ all }: ClusterParameters, name: string): Uint8Array {
  const document = all.get(name)
  if (document === undefined) throw new CommandError('NoSuchKey', `Unknown server parameter: ${name}`)
  return document
}
