#!/usr/bin/env node
/** The command line: flags → a running server. The only file that prints. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import type { Logger } from 'pino'
import { startServer, type Server } from '../api/server.ts'
import { ParameterRefused, type StorageName } from '../api/services.ts'
import { ownVersion } from '../api/version.ts'
import { logFlushMsMax } from '../base/limits.ts'
import { isLoopback } from './loopback.ts'
import { openLog } from './log.ts'

interface ServeFlags {
  readonly port: number
  readonly bind_ip: string
  readonly dbpath: string
  readonly replSet: string
  readonly advertise?: string
  readonly storage: StorageName
  readonly unixSocket?: string
  readonly setParameter: ReadonlyMap<string, string>
  readonly oplogMinRetentionHours: number
  readonly oplogSizeMB: number
  readonly changeStreamImages: 'always' | 'perCollection'
  readonly insecure: boolean
}

/** What the process ends with. Source: MongoDB manual, "Exit codes". */
const exitCode = { options: 2, address: 48, data: 100 } as const

const program = new Command('tailrace')
  .description('A document database whose heart is the change stream; MongoDB drivers connect to it unmodified.')
  .version(`tailrace ${ownVersion}`)
  .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : exitCode.options))

program
  .command('serve', { isDefault: true })
  .description('serve a database until SIGINT or SIGTERM')
  .option('--port <number>', 'TCP port; 0 for any free one', parsePort, 27017)
  .option('--bind_ip <addresses>', 'addresses to listen on, separated by commas', '127.0.0.1')
  .option('--dbpath <folder>', 'where the data lies', './data')
  .option('--replSet <name>', 'name of the replica set that drivers are shown', parseName, 'rs0')
  .option('--advertise <host:port>', 'address that drivers are told to use, if not the one they used', parseAddress)
  .addOption(new Option('--storage <engine>', 'storage engine').choices(['embedded', 'memory']).default('embedded'))
  .option('--unixSocket <path>', 'listen on a Unix socket too')
  .option('--setParameter <name=value>', 'server parameter; may be given several times', collectParameter, new Map())
  .option('--oplogMinRetentionHours <hours>', 'history younger than this is kept whatever its size', parseNumber, 0)
  .option('--oplogSizeMB <megabytes>', 'history is cut when it is larger', parseNumber, 990)
  .addOption(
    new Option('--changeStreamImages <when>', 'keep pre-images of every collection, or where its option says so')
      .choices(['always', 'perCollection'])
      .default('perCollection'),
  )
  .option('--insecure', 'allow addresses that other machines can reach, although there is no authentication', false)
  .action(serve)

/**
 * V8 looks for garbage in the whole heap when that and the buffers outside it have grown by some percent, of which a busy server's
 * messages make several megabytes in a few milliseconds. Letting it grow further first takes a sixth off a large insert. Most
 * buffers are let go before they are old, so small messages need no more memory; under a load of documents of 1 MB it is 340 to 470 MB
 * instead of 265 to 295.
 */
const heapGrowthPercent = 200

async function serve(flags: ServeFlags): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`)
  const hosts = flags.bind_ip.split(',').map(host => host.trim())
  const exposed = hosts.filter(host => !isLoopback(host))
  if (exposed.length > 0 && !flags.insecure) {
    fail(
      `--bind_ip ${exposed.join(',')} can be reached by other machines, and there is no authentication yet: whoever reaches ` +
        'it may read and change everything. Give --insecure too if that is wanted.',
      exitCode.options,
    )
  }
  const { log, output } = openLog()
  const stopped = new AbortController()
  const stop = () => stopped.abort()
  // Before anybody can know that the server is there: without a handler the process would end in the middle of something.
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const server = await start(flags, { hosts, exposed, log, requestShutdown: stop })
  console.log(`Waiting for connections on ${server.addresses.join(', ')}: ${server.uri}`)
  if (!stopped.signal.aborted) await once(stopped.signal, 'abort')
  log.info({}, 'closing')
  await server.close()
  // What nobody takes would keep the process for ever.
  if (!(await output.flush(logFlushMsMax))) process.exit(0)
}

interface Surroundings {
  readonly hosts: readonly string[]
  /** Those of the hosts that other machines can reach. */
  readonly exposed: readonly string[]
  readonly log: Logger
  readonly requestShutdown: () => void
}

async function start(flags: ServeFlags, { hosts, exposed, log, requestShutdown }: Surroundings): Promise<Server> {
  const { dbpath, storage, replSet, advertise, port, unixSocket, setParameter, insecure, ...rest } = flags
  try {
    return await startServer({
      storage,
      path: storage === 'memory' ? undefined : dbpath,
      replSet,
      advertise,
      hosts,
      port,
      socketPath: unixSocket,
      parameters: setParameter,
      retention: { bytesMax: rest.oplogSizeMB * 1024 * 1024, hoursMin: rest.oplogMinRetentionHours },
      changeStreamImages: rest.changeStreamImages,
      log,
      requestShutdown,
      startupWarnings:
        exposed.length > 0 && insecure
          ? [
              'There is no authentication, and other machines can reach this server: they may read and change everything.',
            ]
          : [],
      parsedOptions: { port, bind_ip: flags.bind_ip, dbpath, replSet, storage },
    })
  } catch (error) {
    const { message } = error as Error
    if (error instanceof ParameterRefused) return fail(message, exitCode.options)
    return fail(message, message.startsWith('cannot listen') ? exitCode.address : exitCode.data)
  }
}

function fail(message: string, code: number): never {
  console.error(`tailrace: ${message}`)
  process.exit(code)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65535) return port
  throw new InvalidArgumentError('A port is a number from 0 to 65535.')
}

function parseName(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('A name has a letter at least.')
}

function parseAddress(text: string): string {
  if (/^.+:\d{1,5}$/.test(text)) return text
  throw new InvalidArgumentError('An address is given as host:port.')
}

function parseNumber(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number
  throw new InvalidArgumentError('A number that is not negative is needed.')
}

function collectParameter(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const at = text.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError('A parameter is given as name=value.')
  return new Map([...before, [text.slice(0, at), text.slice(at + 1)]])
}

await program.parseAsync()
