// Runs the drivers' specification tests against a server that it starts, and holds the outcome against gaps.txt: CI is red
// when something fails that is not listed there, and when something listed passes. Usage: node test/spec/run.mjs
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '../..')
const shared = resolve(root, '../shared')
const suites = ['change-streams', 'crud', 'collection-management', 'sessions', 'retryable-writes']

if (!existsSync(join(shared, 'spec-runner/run.mjs'))) {
  console.log('specification tests skipped: ../shared/spec-runner is not there')
  process.exit(0)
}

const folder = mkdtempSync(join(tmpdir(), 'tailrace-spec-'))
const server = spawn(
  process.execPath,
  [
    join(root, 'dist/cli/main.js'),
    ...['serve', '--port', '0', '--dbpath', join(folder, 'data'), '--setParameter', 'enableTestCommands=1'],
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
let failed = false
try {
  const uri = await uriOf(server)
  const outcomes = join(folder, 'outcomes.json')
  const gaps = join(here, 'gaps.txt')
  const run = spawnSync(
    process.execPath,
    [
      join(shared, 'spec-runner/run.mjs'),
      ...['--uri', uri, '--driver', join(root, 'node_modules/mongodb'), '--allow', gaps, '--json', outcomes],
      ...suites.map(suite => join(shared, 'spec-tests', suite)),
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  failed = run.status !== 0
  const listed = readFileSync(gaps, 'utf8')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
  const { tests } = JSON.parse(readFileSync(outcomes, 'utf8'))
  const failing = new Set(tests.filter(({ status }) => status === 'failed').map(({ key }) => key))
  for (const gap of listed.filter(line => !failing.has(line))) {
    failed = true
    console.log(`test/spec/gaps.txt lists a test that does not fail: ${gap}`)
  }
  const corpus = spawnSync(
    process.execPath,
    [join(shared, 'spec-runner/run-bson-corpus.mjs'), '--uri', uri, join(shared, 'spec-tests/bson-corpus')],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  failed ||= corpus.status !== 0
} finally {
  server.kill('SIGTERM')
  await new Promise(done => (server.exitCode === null ? server.once('exit', done) : done()))
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

/** The connection string in the line with which a server says that it is ready. */
async function uriOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const uri = /mongodb:\/\/\S+/.exec(line)?.[0]
    if (uri !== undefined) return uri
  }
  throw new Error('the server ended before it was ready')
}
