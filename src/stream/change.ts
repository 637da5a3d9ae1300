/**
 * What an oplog entry tells as a change, before anyone's options: pure. One entry is one change, or none (the passing of
 * time). event.ts makes the change event of it.
 */
import { must } from '../base/assert.ts'
import { deltaOf } from '../collection/apply.ts'
import { parseNamespace, type Namespace } from '../collection/namespace.ts'
import { viewsName } from '../collection/views.ts'
import { documentOf, encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf, firstElement, getField } from '../bson/reader.ts'
import { documentBytes, documentValue, toText } from '../bson/value.ts'
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
  /** Whether it is about a view: streams of a single collection do not see it, and the UUID is that of system.views. */
  readonly isOfView: boolean
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
    case 'c':
      return commandChange(entry, position)
  }
  if (isAboutView(entry.ns)) return viewChange(entry, position)
  switch (entry.op) {
    case 'i':
      return documentChange(entry, position, 'insert', must(entry.o2, 'o2 of an insert'), undefined)
    case 'd':
      return documentChange(entry, position, 'delete', entry.o, undefined)
    case 'u': {
      const diff = deltaOf(entry.o)
      const type = diff === undefined ? 'replace' : 'update'
      return documentChange(entry, position, type, must(entry.o2, 'o2 of an update'), diff)
    }
  }
}

const viewsSuffix = `.${viewsName}`

/** Another collection's name may end so too (`a.system.views`), but then the database's name is not right in front. */
const isAboutView = (ns: string): boolean =>
  ns.endsWith(viewsSuffix) && ns.indexOf('.') === ns.length - viewsSuffix.length

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
    isOfView: false,
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
  isOfView: false,
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
    case 'commitIndexBuild':
      return expanded('createIndexes', { indexes: must(getField(o, 'indexes'), 'indexes of a commitIndexBuild entry') })
    case 'dropIndexes':
      return expanded('dropIndexes', { indexes: [must(o2, 'o2 of a dropIndexes entry')] })
    case 'collMod':
      return { ...expanded('modify', rest()), stateBeforeChange: stateBefore(must(o2, 'o2 of a collMod entry')) }
    default:
      return undefined
  }
}

/** A write to system.views, as what it does to the view. A view that is gone is not described. */
function viewChange(entry: OplogEntry, position: Position): ChangeBasis {
  const { op, o } = entry
  const [, ...definition] = elementsOf(documentValue(o))
  return {
    ...nothingMore,
    position,
    entry,
    operationType: op === 'i' ? 'create' : op === 'u' ? 'modify' : 'drop',
    isExpanded: true,
    isOfView: true,
    namespace: parseNamespace(toText(must(getField(o, '_id'), '_id of a view'))),
    operationDescription: op === 'd' ? undefined : documentBytes(documentOf(definition)),
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
