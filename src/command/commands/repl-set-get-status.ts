/** How the set of one is doing: its only member is primary since it started. */
import { dateValue, doubleValue, timestampValue } from '../../bson/encode.ts'
import { secondsOf } from '../../oplog/cluster-time.ts'
import { electionTerm } from '../../oplog/oplog-document.ts'
import type { Command } from '../command.ts'
import { integer, optional, readFields } from '../fields.ts'
import { setVersion } from '../server-facts.ts'
import { addressOf } from '../replica-set.ts'

export const command: Command = {
  name: 'replSetGetStatus',
  adminOnly: true,
  run(request, { env, facts, client, store }) {
    readFields(request, { initialSync: optional(integer) }) // No member ever has to be synced.
    const { time } = store.engine.log.newest
    const opTime = { ts: timestampValue(time), t: electionTerm }
    const opTimeDate = dateValue(secondsOf(time) * 1000)
    const started = dateValue(facts.startedWallMs)
    const uptime = Math.floor((env.monotonicMs() - facts.startedMs) / 1000)
    return {
      set: facts.replSet,
      date: dateValue(env.wallMs()),
      myState: 1,
      term: electionTerm,
      syncSourceHost: '',
      syncSourceId: -1,
      heartbeatIntervalMillis: 2000n,
      majorityVoteCount: 1,
      writeMajorityCount: 1,
      votingMembersCount: 1,
      writableVotingMembersCount: 1,
      optimes: {
        lastCommittedOpTime: opTime,
        lastCommittedWallTime: opTimeDate,
        readConcernMajorityOpTime: opTime,
        appliedOpTime: opTime,
        durableOpTime: opTime,
        lastAppliedWallTime: opTimeDate,
        lastDurableWallTime: opTimeDate,
      },
      members: [
        {
          _id: 0,
          name: addressOf(facts, client),
          health: doubleValue(1),
          state: 1,
          stateStr: 'PRIMARY',
          uptime,
          optime: opTime,
          optimeDate: opTimeDate,
          syncSourceHost: '',
          syncSourceId: -1,
          infoMessage: '',
          electionTime: timestampValue(BigInt(Math.floor(facts.startedWallMs / 1000)) << 32n),
          electionDate: started,
          configVersion: setVersion,
          configTerm: Number(electionTerm),
          self: true,
          lastHeartbeatMessage: '',
        },
      ],
    }
  },
}
