/** Names of databases and collections, and what may be one. */
import { CommandError } from '../base/errors.ts'

export interface Namespace {
  readonly db: string
  readonly coll: string
}

export const showNamespace = ({ db, coll }: Namespace): string => `${db}.${coll}`

/** Splits at the first dot; a database's name has none. */
export function parseNamespace(text: string): Namespace {
  const dot = text.indexOf('.')
  if (dot <= 0 || dot === text.length - 1) {
    throw new CommandError('InvalidNamespace', `Invalid namespace specified '${text}'`)
  }
  return { db: text.slice(0, dot), coll: text.slice(dot + 1) }
}

/** Refuses what cannot be a database's name. Source: MongoDB manual, "Naming restrictions". */
export function requireDatabaseName(db: string): void {
  if (db === '' || isLongerThan(63, db) || hasOneOf(db, notInDatabases)) {
    throw new CommandError('InvalidNamespace', `Invalid database name: '${db}'`)
  }
}

/** By character code. */
const notInDatabases = setOf('/\\. "$*<>:|?\0')
const notInCollections = setOf('$\0')

function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(128)
  for (const character of characters) set[character.charCodeAt(0)] = 1
  return set
}

/** Looked at with every request: a call for each character, or an expression, takes several times as long. */
function hasOneOf(text: string, set: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 128 && set[code] === 1) return true
  }
  return false
}

/** Whether the texts have together more bytes than that; most are so short that nobody has to count. */
function isLongerThan(bytesMax: number, text: string, more = ''): boolean {
  if ((text.length + more.length) * 3 <= bytesMax) return false
  return Buffer.byteLength(text) + Buffer.byteLength(more) > bytesMax
}

/** Refuses what cannot be a collection's name. */
export function requireCollectionName({ db, coll }: Namespace): void {
  requireDatabaseName(db)
  const isWrong = coll === '' || hasOneOf(coll, notInCollections) || coll[0] === '.' || coll[coll.length - 1] === '.'
  if (isWrong) throw new CommandError('InvalidNamespace', `Invalid collection name: ${coll}`)
  if (isLongerThan(255 - 1, db, coll)) {
    throw new CommandError(
      'InvalidNamespace',
      `Fully qualified namespace is too long: ${db}.${coll} (at most 255 bytes)`,
    )
  }
}

/** Databases that no change stream shows, and into which users' data does not belong. */
export const isInternalDatabase = (db: string): boolean => db === 'admin' || db === 'local' || db === 'config'
