/** The replica set of one that we show, so that drivers let their users watch and retry. */
import { int64Value, objectIdValue } from '../bson/encode.ts'
import { electionTerm } from '../oplog/oplog-document.ts'
import type { Client } from './operation.ts'
import { type ServerFacts, setVersion } from './server-facts.ts'

/**
 * `host:port` by which this client is to know us. Drivers leave a member that calls itself otherwise than they reached it, so
 * unless one name was given for all, it is the client's own.
 */
export const addressOf = ({ advertise }: ServerFacts, { reachedAt }: Client): string => advertise ?? reachedAt

/** The set's configuration as replSetGetConfig gives it. */
export function replicaSetConfig(facts: ServerFacts, client: Client) {
  return {
    _id: facts.replSet,
    version: setVersion,
    term: Number(electionTerm),
    members: [
      {
        _id: 0,
        host: addressOf(facts, client),
        arbiterOnly: false,
        buildIndexes: true,
        hidden: false,
        priority: 1,
        tags: {},
        secondaryDelaySecs: int64Value(0n),
        votes: 1,
      },
    ],
    protocolVersion: int64Value(1n),
    writeConcernMajorityJournalDefault: true,
    settings: {
      chainingAllowed: true,
      heartbeatIntervalMillis: 2000,
      heartbeatTimeoutSecs: 10,
      electionTimeoutMillis: 10000,
      getLastErrorModes: {},
      getLastErrorDefaults: { w: 1, wtimeout: 0 },
      // Stays with the data, as the set does.
      replicaSetId: objectIdValue(facts.deploymentId.subarray(0, 12)),
    },
  }
}
