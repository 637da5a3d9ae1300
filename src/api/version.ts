/** This program's own version, from its package. */
import { readFileSync } from 'node:fs'

/** `0.1.0`; package.json lies two folders above, in the sources and in what is built from them. */
export const ownVersion: string = readVersion()

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
  if (typeof version !== 'string') throw new Error('package.json says no version')
  return version
}
