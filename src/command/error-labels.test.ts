import { expect, test } from 'vitest'
import { codeOf, type CodeName } from '../base/errors.ts'
import { errorLabelsOf, type FailedCommand } from './error-labels.ts'

const plain: FailedCommand = {
  code: undefined,
  writeConcernCode: undefined,
  isRetryableWrite: false,
  isInTransaction: false,
  endsTransaction: false,
  isChangeStream: false,
  hasRun: true,
}
const retryable = { isRetryableWrite: true }
const transaction = { isInTransaction: true }
const commit = { isInTransaction: true, endsTransaction: true }
const stream = { isChangeStream: true }

test.for<[string, CodeName, Partial<FailedCommand>, string[]]>([
  ['a plain command', 'PrimarySteppedDown', {}, []],
  ['a retryable write', 'PrimarySteppedDown', retryable, ['RetryableWriteError']],
  ['a retryable write', 'Location406', retryable, ['RetryableWriteError']],
  ['a retryable write', 'Interrupted', retryable, []],
  ['a retryable write', 'MaxTimeMSExpired', retryable, []],
  ['a retryable write', 'DuplicateKey', retryable, []],
  [
    'a retryable write that was not run',
    'ShutdownInProgress',
    { ...retryable, hasRun: false },
    ['RetryableWriteError', 'NoWritesPerformed'],
  ],
  ['a command in a transaction', 'WriteConflict', transaction, ['TransientTransactionError']],
  ['a command in a transaction', 'HostUnreachable', transaction, ['TransientTransactionError']],
  ['a command in a transaction', 'NotImplemented', transaction, []],
  ['a commit', 'NoSuchTransaction', commit, ['TransientTransactionError']],
  ['a commit', 'HostUnreachable', commit, ['RetryableWriteError']],
  ['a change stream', 'HostUnreachable', stream, ['ResumableChangeStreamError']],
  ['a change stream', 'RetryChangeStream', stream, ['ResumableChangeStreamError']],
  ['a change stream', 'FailedToSatisfyReadPreference', stream, ['ResumableChangeStreamError']],
  ['a change stream', 'CursorNotFound', stream, []],
  ['a change stream', 'CursorKilled', stream, []],
  ['a change stream', 'MaxTimeMSExpired', stream, []],
  ['a change stream', 'InvalidResumeToken', stream, []],
  ['a change stream', 'BSONObjectTooLarge', stream, []],
  ['a change stream', 'ChangeStreamHistoryLost', stream, ['NonResumableChangeStreamError']],
  ['any command', 'ChangeStreamFatalError', {}, ['NonResumableChangeStreamError']],
])('%s that fails with %s', ([, codeName, facts, labels]) => {
  expect(errorLabelsOf({ ...plain, ...facts, code: codeOf(codeName) })).toEqual(labels)
})

test('a write concern error makes a retryable write retryable', () => {
  const facts = { ...plain, ...retryable }
  expect(errorLabelsOf({ ...facts, writeConcernCode: codeOf('ShutdownInProgress') })).toEqual(['RetryableWriteError'])
  expect(errorLabelsOf({ ...facts, writeConcernCode: codeOf('UnsatisfiableWriteConcern') })).toEqual([])
})
