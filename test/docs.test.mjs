// The documents are true: links lead somewhere, commands exist and are run by CI, and the README's code runs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const documents = ['README.md', 'ARCHITECTURE.md', 'HACKING.md', 'CHANGELOG.md']
const text = new Map(documents.map(name => [name, readFileSync(name, 'utf8')]))
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const blocksOf = (name, language) =>
  [...text.get(name).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(match => match[1])

test('every link leads to a file', () => {
  const broken = documents.flatMap(name =>
    [...text.get(name).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(match => match[1]).filter(path => !existsSync(path)),
  )
  assert.deepEqual(broken, [])
})

test('every file that is named in code marks exists', () => {
  const missing = documents.flatMap(name =>
    [...text.get(name).matchAll(/`((?:src|test|scripts|bench|demo|docs)\/[\w./-]+|\.ci\/run)`/g)]
      .map(match => match[1])
      .filter(path => !existsSync(path)),
  )
  assert.deepEqual(missing, [])
})

test('every command in the documents is one that CI runs, or a script of the package', () => {
  const ci = readFileSync('.ci/run', 'utf8')
  const commands = documents
    .flatMap(name => blocksOf(name, 'sh'))
    .flatMap(block => block.split('\n'))
    .map(line => line.replace(/#.*/, '').trim())
    .flatMap(line => line.split('&&').map(command => command.trim()))
    .filter(command => command !== '')
  assert.ok(commands.length > 8)
  for (const command of commands) {
    const script = /^npm (?:run )?([\w:]+)/.exec(command)?.[1]
    const known =
      ci.includes(command) ||
      command === 'bash .ci/run' ||
      (command.startsWith('npx vitest run') && existsSync(command.split(' ').at(-1))) ||
      (script !== undefined && (script in scripts || script === 'ci'))
    assert.ok(known, `nobody runs: ${command}`)
  }
})

test('every flag in the documents is one that the command line knows', () => {
  const help = execFileSync(process.execPath, ['dist/cli/main.js', 'serve', '--help'], { encoding: 'utf8' })
  const flags = documents.flatMap(name => [...text.get(name).matchAll(/`(--[a-zA-Z_]+)`/g)].map(match => match[1]))
  assert.ok(flags.length > 2)
  for (const flag of flags) assert.ok(help.includes(flag), `no such flag: ${flag}`)
})

test('the code of the README runs as it stands and prints the change event', () => {
  const [code] = blocksOf('README.md', 'ts')
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-readme-'))
  // A module beside the package's own, so that it finds the driver; `tailrace` is this package itself.
  const file = resolve(`readme-${process.pid}.mjs`)
  try {
    writeFileSync(file, code.replace("'./data'", JSON.stringify(join(folder, 'data'))))
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 })
    assert.match(printed, /operationType: 'update'/)
    assert.match(printed, /cuisine: 'Irish'/)
  } finally {
    rmSync(file, { force: true })
    rmSync(folder, { recursive: true, force: true })
  }
})
