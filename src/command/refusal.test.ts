import { expect, test } from 'vitest'
import { Bug } from '../base/assert.ts'
import { CommandError, StorageFailed } from '../base/errors.ts'
import { refusalOf } from './refusal.ts'

const full = new StorageFailed('there is no space left', { cause: new Error('EIO'), isDiskFull: true })
const system = Object.assign(new Error('write'), { code: 'ENOSPC' })

test.each<[string, unknown, string]>([
  ['a refusal is itself', new CommandError('BadValue', 'no'), 'BadValue'],
  ['a full disk', full, 'OutOfDiskSpace'],
  [
    'what a full disk has caused',
    new StorageFailed('writes are refused', { cause: new StorageFailed('unknown', { cause: full }) }),
    'OutOfDiskSpace',
  ],
  ['the word of the system', new StorageFailed('unknown', { cause: system }), 'OutOfDiskSpace'],
  ['another failure', new StorageFailed('unknown', { cause: new Error('EIO') }), 'OperationFailed'],
  ['a bug', new Bug('impossible'), 'InternalError'],
  ['what is no error at all', 'text', 'InternalError'],
])('%s', (_, error, codeName) => {
  expect(refusalOf(error).codeName).toBe(codeName)
})
