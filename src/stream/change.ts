/**
 * What an oplog entry tells as a change, before anyone's options: pure. One entry is one change, or none (the passing of
 * time). event.ts makes the change event of it.
 */
import { must } from '../base/assert.ts'
import { deltaOf } from '../collection/apply.ts'
import { parseNamespace, type Namespace } from '../collection/namespace.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf, firstElement, getField } from '../bson/reader.ts'
import { documentValue, toText } from '../bson/value.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import { encodeResumeToken, type TokenVersion } from '../oplog/resume-token.ts'
import type { Position } from '../storage/engine.ts'

export type ClassicType = 'insert' | 'update' | 'replace' | 'delete' | 'drop' | 'rename' | 'dropDatabase'
export type ExpandedType = 'create' | 'createIndexes' | 'dropIndexes' | 'modify'
export type OperationType = ClassicType | ExpandedType

/** A change, with what tokens and events take from it. Its documents share the entry's bytes. */
export interface ChangeBasis {
  readonly position: Position
  readonly entry: OplogEntry
  readonly operationType: OperationType
  /** Whether only streams with showExpandedEvents see it. */
  readonly isExpanded: boolean
  /** `coll` is undefined for dropDatabase. */
  readonly namespace: { readonly db: string; readonly coll: string | undefined }
  /** New name of a renamed collection. */
  readonly to: Namespace | undefined
  /** Of insert, update, replace, delete. */
  readonly documentKey: Uint8Array | undefined
  /** The delta of an update. */
  readonly diff: Uint8Array | undefined
  /** Of rename and the expanded types; part of the token whatever the options are. */
  readonly operationDescription: Uint8Array | undefined
  /** Of modify. */
  readonly stateBeforeChange: Uint8Array | undefined
}

/** The change that an entry tells; undefined when it tells none. */
export function interpretEntry(entry: OplogEntry, position: Position): ChangeBasis | undefined {
  switch (entry.op) {
    case 'n':
      return undefined
    case 'i':
      return documentChange(entry, position, 'insert', must(entry.o2, 'o2 of an insert'), undefined)
    case 'd':
      return documentChange(entry, position, 'delete', entry.o, undefined)
    case 'u': {
      const diff = deltaOf(entry.o)
      const type = diff === undefined ? 'replace' : 'update'
      return documentChange(entry, position, type, must(entry.o2, 'o2 of an update'), diff)
    }
    case 'c':
      return commandChange(entry, position)
  }
}

function documentChange(
  entry: OplogEntry,
  position: Position,
  operationType: OperationType,
  documentKey: Uint8Array,
  diff: Uint8Array | undefined,
): ChangeBasis {
  // Spelled out: a spread costs more than all the rest of making a change.
  return {
    position,
    entry,
    operationType,
    isExpanded: false,
    namespace: parseNamespace(entry.ns),
    to: undefined,
    documentKey,
    diff,
    operationDescription: undefined,
    stateBeforeChange: undefined,
  }
}

const nothingMore = {
  isExpanded: false,
  to: undefined,
  documentKey: undefined,
  diff: undefined,
  operationDescription: undefined,
  stateBeforeChange: undefined,
} as const

function commandChange(entry: OplogEntry, position: Position): ChangeBasis | undefined {
  const { o, o2 } = entry
  const [name, target] = must(firstElement(documentValue(o)), 'name of a command entry')
  const db = entry.ns.slice(0, entry.ns.indexOf('.'))
  const rest = () => Object.fromEntries(elementsOf(documentValue(o)).slice(1))
  const change = (operationType: OperationType, more: Partial<ChangeBasis> = {}): ChangeBasis => ({
    ...nothingMore,
    position,
    entry,
    operationType,
    namespace: { db, coll: operationType === 'dropDatabase' ? undefined : toText(target) },
    ...more,
  })
  const expanded = (operationType: ExpandedType, description: { readonly [name: string]: Encodable }) =>
    change(operationType, { isExpanded: true, operationDescription: encodeDocument(description) })
  switch (name) {
    case 'drop':
    case 'dropDatabase':
      return change(name)
    case 'renameCollection': {
      const to = parseNamespace(toText(must(getField(o, 'to'), 'to of a rename entry')))
      return change('rename', {
        namespace: parseNamespace(toText(target)),
        to,
        operationDescription: encodeDocument({ to: { ...to }, dropTarget: getField(o, 'dropTarget') }),
      })
    }
    case 'create':
      return expanded('create', rest())
    case 'createIndexes':
      return expanded('createIndexes', { indexes: [encodeDocument(rest())] })
    case 'dropIndexes':
      return expanded('dropIndexes', { indexes: [must(o2, 'o2 of a dropIndexes entry')] })
    case 'collMod':
      return { ...expanded('modify', rest()), stateBeforeChange: stateBefore(must(o2, 'o2 of a collMod entry')) }
    default:
      return undefined
  }
}

function stateBefore(o2: Uint8Array): Uint8Array {
  return encodeDocument({
    collectionOptions: getField(o2, 'collectionOptions_old'),
    indexOptions: getField(o2, 'indexOptions_old'),
  })
}

export interface TokenOptions {
  readonly version: TokenVersion
  /** The token of the invalidate event behind the change's own. */
  readonly fromInvalidate: boolean
  /** Counts from 0; undefined for an event in one piece. */
  readonly fragmentNum?: number
}

/** The resume token of a change's event. */
export function tokenOf(change: ChangeBasis, { version, fromInvalidate, fragmentNum }: TokenOptions): Uint8Array {
  const { position, entry } = change
  const identifier = identifierOf(change, version)
  return encodeResumeToken({
    clusterTime: position.time,
    version,
    tokenType: 'event',
    txnOpIndex: position.index,
    fromInvalidate,
    uuid: entry.ui,
    eventIdentifier: identifier && documentValue(identifier),
    fragmentNum,
  })
}

/**
 * What a token of that version says of the event itself. Old ones have the document key alone, or nothing; of expanded events they
 * say what new ones do, where there is a UUID in front of it.
 */
export function identifierOf(change: ChangeBasis, version: 0 | TokenVersion): Uint8Array | undefined {
  const { operationType, documentKey, operationDescription, isExpanded, entry } = change
  if (version < 2 && !isExpanded) return documentKey
  if (version < 2 && entry.ui === undefined) return undefined
  return encodeDocument({ operationType, documentKey, operationDescription })
}
