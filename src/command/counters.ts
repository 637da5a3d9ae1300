/** Plain numbers that serverStatus shows: raised where things happen, never taken back. */

export interface Counters {
  readonly connections: { current: number; created: number }
  readonly network: { bytesIn: number; bytesOut: number; requests: number }
  /** As MongoDB's opcounters: statements of insert, update and delete, calls of the others. */
  readonly operations: Record<'insert' | 'query' | 'update' | 'delete' | 'getmore' | 'command', number>
  /** Errors that clients were told, and among them bugs of ours and failures of the storage. */
  readonly errors: { user: number; bugs: number; failures: number }
}

export const makeCounters = (): Counters => ({
  connections: { current: 0, created: 0 },
  network: { bytesIn: 0, bytesOut: 0, requests: 0 },
  operations: { insert: 0, query: 0, update: 0, delete: 0, getmore: 0, command: 0 },
  errors: { user: 0, bugs: 0, failures: 0 },
})
