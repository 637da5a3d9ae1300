/**
 * ClusterTime: the place of a commit in the order of commits, as one number: seconds in the high 32 bits, increment in the
 * low. It looks like a BSON timestamp, and its seconds follow the wall clock while that goes forward, but it is not a time.
 */
import type { Env } from '../base/env.ts'
import { logIndexMax, type Position } from '../storage/engine.ts'

export type ClusterTime = bigint

export const clusterTimeOf = (seconds: number, increment: number): ClusterTime =>
  (BigInt(seconds) << 32n) | BigInt(increment)

export const secondsOf = (time: ClusterTime): number => Number(time >> 32n)

/** Just before everything at `time`, which is not 0. */
export const justBefore = (time: ClusterTime): Position => ({ time: time - 1n, index: logIndexMax })

/**
 * The clock that the storage engine asks for each commit: greater than `previous`, and at the wall clock's second when
 * that is later. A wall clock that goes back is waited out: the increment goes on in the old second.
 */
export function clusterClock(env: Env): (previous: ClusterTime) => ClusterTime {
  return previous => {
    const now = clusterTimeOf(Math.floor(env.wallMs() / 1000), 1)
    return now > previous ? now : previous + 1n
  }
}

/** `1700000000.7`: for messages. */
export const showClusterTime = (time: ClusterTime): string => `Timestamp(${secondsOf(time)}, ${time & 0xffff_ffffn})`
