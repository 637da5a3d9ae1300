/** The machine underneath. */
import { arch, availableParallelism, release, totalmem, type } from 'node:os'
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

const bytesPerMiB = 1024 * 1024

export const command: Command = {
  name: 'hostInfo',
  run(request, { env, facts }) {
    requireNoFields(request)
    const memoryMiB = Math.floor(totalmem() / bytesPerMiB)
    return {
      system: {
        currentTime: new Date(env.wallMs()),
        hostname: facts.host,
        cpuAddrSize: 64,
        memSizeMB: memoryMiB,
        memLimitMB: memoryMiB,
        numCores: availableParallelism(),
        cpuArch: arch(),
        numaEnabled: false,
      },
      os: { type: type(), name: process.platform, version: release() },
      extra: { versionString: process.version },
    }
  },
}
