/** Runs the conformance suite, and the comparison with a model, over every engine there is. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { imageOf, writeImage } from './embedded/image.suite.ts'
import { engineModelSuite } from './engine-model.suite.ts'
import { engineSuite } from './engine.suite.ts'
import type { EngineUnderTest } from './engine.suite.ts'
import type { EngineOptions, OpenedEngine } from './engine.ts'
import * as kinds from './engines/all.ts'
import { MemoryDisk, openMemory } from './engines/memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'tailrace-engine-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const optionsFor = (place: string, options: Partial<EngineOptions> = {}): EngineOptions => ({
  path: place,
  nextTime: previous => previous + 1n,
  newDeploymentId: () => new Uint8Array(16),
  ...options,
})

/** What the memory engine has instead of folders. */
const memoryDisks = new Map<string, MemoryDisk>()

function openMemoryAt(place: string, options: EngineOptions): Promise<OpenedEngine> {
  const disk = memoryDisks.get(place) ?? new MemoryDisk()
  memoryDisks.set(place, disk)
  return openMemory(options, { disk })
}

let placeCount = 0
const newPlace = () => join(folder, `${(placeCount += 1)}`)

function killedAt(place: string): string {
  const killed = newPlace()
  writeImage(killed, imageOf(place))
  return killed
}

for (const load of Object.values(kinds)) {
  const kind = await load()
  const tested: EngineUnderTest = {
    name: kind.name,
    open: (place, options) => {
      const all = optionsFor(place, options)
      return kind.name === 'memory' ? openMemoryAt(place, all) : kind.open(all)
    },
    newPlace,
    ...(kind.name === 'embedded' && { killedAt }),
  }
  engineSuite(tested)
  engineModelSuite(tested)
}
