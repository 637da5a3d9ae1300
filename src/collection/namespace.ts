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
  if (db === lastDatabase) return
  if (db === '' || isLongerThan(63, db) || /[/\\. "$*<>:|?\0]/.test(db)) {
    throw new CommandError('InvalidNamespace', `Invalid database name: '${db}'`)
  }
  lastDatabase = db
}

/** It was a name, and is asked for again with nearly every request. */
let lastDatabase: string | undefined

/** Whether the texts have together more bytes than that; most are so short that nobody has to count. */
function isLongerThan(bytesMax: number, text: string, more = ''): boolean {
  if ((text.length + more.length) * 3 <= bytesMax) return false
  return Buffer.byteLength(text) + Buffer.byteLength(more) > bytesMax
}

/** Refuses what cannot be a collection's name. */
export function requireCollectionName({ db, coll }: Namespace): void {
  requireDatabaseName(db)
  const isWrong = coll === '' || coll.includes('\0') || coll.includes('$') || coll.startsWith('.') || coll.endsWith('.')
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
