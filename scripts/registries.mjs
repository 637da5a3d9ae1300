// Writes the `all.ts` of every open folder: one line for each file beside it. `--check` only looks.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = process.env.TIDY_ROOT ?? 'src'
const head = '// Written by scripts/registries.mjs from the files beside it. Do not edit.\n'
const camel = name => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
const eager = (noun, name) => `export { ${noun} as ${camel(name)} } from './${name}.ts'\n`
// Engines load when they are opened, so that an in-memory user never loads LMDB.
const lazy = (noun, name) => `export const ${camel(name)} = async () => (await import('./${name}.ts')).${noun}\n`

// Open folder → the name that each of its files exports.
const folders = [
  ['command/commands', 'command', eager],
  ['command/sources', 'source', eager],
  ['command/sinks', 'sink', eager],
  ['expression/operators', 'operator', eager],
  ['query/operators', 'operator', eager],
  ['update/operators', 'operator', eager],
  ['aggregate/stages', 'stage', eager],
  ['aggregate/accumulators', 'accumulator', eager],
  ['collection/system-namespaces', 'systemNamespace', eager],
  ['storage/engines', 'engine', lazy],
]

for (const [folder, noun, line] of folders) {
  const names = readdirSync(`${root}/${folder}`)
    .flatMap(file => /^([a-z0-9-]+)\.ts$/.exec(file)?.[1] ?? [])
    .filter(name => name !== 'all')
    .sort()
  const text = head + names.map(name => line(noun, name)).join('')
  const path = `${root}/${folder}/all.ts`
  if (!process.argv.includes('--check')) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) throw new Error(`${path} is stale: npm run registries`)
}
