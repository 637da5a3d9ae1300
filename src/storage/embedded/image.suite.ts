/** The files of a folder of the embedded engine at one moment, as a kill of its process would leave them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Image {
  readonly data: Buffer
  readonly journal: Buffer
  readonly format: Buffer
}

/** Of a folder that this process may have open: nothing is written to the journal meanwhile, and LMDB's file is read until it stays the same. */
export function imageOf(path: string): Image {
  const read = (name: string) => readFileSync(join(path, 'data', name))
  for (let data = read('data.mdb'); ;) {
    const image = { data, journal: read('journal'), format: read('format') }
    data = read('data.mdb')
    if (data.equals(image.data)) return image
  }
}

/** Makes `path` a folder with these files. */
export function writeImage(path: string, { data, journal, format }: Image): void {
  mkdirSync(join(path, 'data'), { recursive: true })
  writeFileSync(join(path, 'data', 'data.mdb'), data)
  writeFileSync(join(path, 'data', 'journal'), journal)
  writeFileSync(join(path, 'data', 'format'), format)
}
