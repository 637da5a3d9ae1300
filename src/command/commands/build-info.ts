/** Version and build: the MongoDB release whose commands are here, and our own version beside it. */
import { documentBytesMax } from '../../base/limits.ts'
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'
import { versionArray } from '../server-facts.ts'

export const command: Command = {
  name: 'buildInfo',
  aliases: ['buildinfo'],
  run(request, { facts }) {
    requireNoFields(request)
    return {
      version: facts.version,
      gitVersion: 'tailrace',
      tailrace: { version: facts.ownVersion },
      modules: [],
      allocator: 'system',
      javascriptEngine: 'none',
      sysInfo: 'deprecated',
      versionArray,
      openssl: { running: process.versions.openssl },
      buildEnvironment: { target_arch: process.arch, target_os: process.platform },
      bits: 64,
      debug: false,
      maxBsonObjectSize: documentBytesMax,
      storageEngines: [facts.storageName],
    }
  },
}
