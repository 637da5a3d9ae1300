// Tests of the code's own shape: who may import whom, no cycles, no ambient time or chance.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'

const root = process.env.TIDY_ROOT ?? 'src'

// The architecture. A folder may import itself and the folders named here, nothing else.
const mayImport = {
  base: [],
  bson: ['base'],
  wire: ['base', 'bson'],
  expression: ['base', 'bson'],
  query: ['base', 'bson', 'expression'],
  update: ['base', 'bson', 'expression', 'query'],
  aggregate: ['base', 'bson', 'expression', 'query'],
  storage: ['base'],
  oplog: ['base', 'bson', 'storage'],
  collection: ['base', 'bson', 'expression', 'query', 'update', 'storage', 'oplog'],
  session: ['base', 'bson', 'storage', 'oplog', 'collection'],
  cursor: ['base', 'bson'],
  stream: ['base', 'bson', 'query', 'update', 'aggregate', 'storage', 'oplog', 'collection', 'cursor'],
  command: [
    'base',
    'bson',
    'expression',
    'query',
    'update',
    'aggregate',
    'oplog',
    'collection',
    'session',
    'stream',
    'cursor',
  ],
  server: ['base', 'bson', 'wire', 'command'],
  api: ['base', 'bson', 'storage', 'oplog', 'collection', 'session', 'stream', 'cursor', 'command', 'server'],
  cli: ['base', 'api'],
}

// Word → the file that is allowed to say it. Everywhere else the value comes in as an argument.
const onlyIn = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'base/env.ts'],
  [/\bset(Timeout|Interval|Immediate)\(/, 'base/env.ts'],
  [/\bMath\.random\(|(?<!\.)\brandom(UUID|Bytes)\(/, 'base/env.ts'],
  [/\bconsole\./, 'cli/main.ts'],
  [/:\s*any\b|\bas any\b|\bas unknown as\b|@ts-ignore|@ts-expect-error/, 'no file'],
]

const linesMax = 400

const files = readdirSync(root, { recursive: true })
  .map(name => String(name).split(sep).join('/'))
  .filter(name => name.endsWith('.ts'))
const text = new Map(files.map(file => [file, readFileSync(join(root, file), 'utf8')]))
const isTest = file => /\.(test|suite)\.ts$/.test(file)
const folderOf = file => (file.includes('/') ? file.split('/')[0] : '')
const importsOf = file =>
  [...text.get(file).matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(match =>
    relative(root, resolve(root, dirname(file), match[1]))
      .split(sep)
      .join('/'),
  )

test('every folder imports only what the architecture allows', () => {
  const broken = []
  for (const file of files) {
    const from = folderOf(file)
    if (from === '') continue // src/index.ts is the public face and may name anything.
    assert.ok(mayImport[from], `${from}/ is not in the architecture table`)
    for (const target of importsOf(file)) {
      const to = folderOf(target)
      if (isTest(file) && (to === '..' || to === '')) continue // Tests may use what lies beside src/.
      if (to !== from && !mayImport[from].includes(to)) broken.push(`${file} -> ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('no member of an open folder imports another member', () => {
  const open = file =>
    /^(.+)\/(commands|sources|sinks|operators|stages|accumulators|engines|system-namespaces)\//.exec(file)?.[0]
  const broken = files
    .filter(file => open(file) && !isTest(file) && !file.endsWith('/all.ts'))
    .flatMap(file =>
      importsOf(file)
        .filter(to => open(to) === open(file))
        .map(to => `${file} -> ${to}`),
    )
  assert.deepEqual(broken, [])
})

test('no file imports itself through others', () => {
  const done = new Set()
  const path = []
  const visit = file => {
    const start = path.indexOf(file)
    assert.equal(start, -1, `cycle: ${[...path.slice(start), file].join(' -> ')}`)
    if (done.has(file) || !text.has(file)) return
    path.push(file)
    importsOf(file).forEach(visit)
    path.pop()
    done.add(file)
  }
  files.filter(file => !isTest(file)).forEach(visit)
})

test('time, chance and output come from one place', () => {
  const broken = []
  for (const file of files.filter(file => !isTest(file)))
    for (const [word, home] of onlyIn)
      if (file !== home && word.test(text.get(file))) broken.push(`${file}: ${word} belongs in ${home}`)
  assert.deepEqual(broken, [])
})

test(`no file is longer than ${linesMax} lines`, () => {
  const long = files.filter(file => !isTest(file) && text.get(file).split('\n').length > linesMax)
  assert.deepEqual(long, [])
})
