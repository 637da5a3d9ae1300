/**
 * The `client` document of a handshake: what driver, system and application are at the other end.
 *
 * Source: MongoDB driver specifications, handshake.
 */
import { CommandError } from '../base/errors.ts'
import { appNameBytesMax, clientMetadataBytesMax } from '../base/limits.ts'
import { getField } from '../bson/reader.ts'
import { documentBytes, isDocument, isString, toText, type Value } from '../bson/value.ts'

export interface ClientMetadata {
  /** In bytes of its own. */
  readonly document: Uint8Array
  readonly appName: string | undefined
}

/** @throws CommandError 183, 184, 185 or TypeMismatch for what is missing, too long or of a wrong type. */
export function parseClientMetadata(value: Value): ClientMetadata {
  if (!isDocument(value)) {
    throw new CommandError('TypeMismatch', `The 'client' field must be a BSON document`)
  }
  const document = documentBytes(value)
  if (document.length > clientMetadataBytesMax) {
    throw new CommandError(
      'ClientMetadataDocumentTooLarge',
      `The client metadata document must be less then or equal to ${clientMetadataBytesMax} bytes`,
    )
  }
  const driver = requireDocument(document, 'driver')
  requireText(driver, 'driver', 'name')
  requireText(driver, 'driver', 'version')
  requireText(requireDocument(document, 'os'), 'os', 'type')
  return { document: Buffer.from(document), appName: parseAppName(document) }
}

function parseAppName(document: Uint8Array): string | undefined {
  const application = getField(document, 'application')
  if (application === undefined) return undefined
  if (!isDocument(application)) throw wrongType('application', 'BSON document')
  const name = getField(documentBytes(application), 'name')
  if (name === undefined) return undefined
  if (!isString(name)) throw wrongType('application.name', 'string')
  const appName = toText(name)
  if (Buffer.byteLength(appName) > appNameBytesMax) {
    throw new CommandError(
      'ClientMetadataAppNameTooLarge',
      `The 'application.name' field must be less then or equal to ${appNameBytesMax} bytes in length`,
    )
  }
  return appName
}

function requireDocument(document: Uint8Array, name: string): Uint8Array {
  const value = getField(document, name)
  if (value === undefined) {
    throw new CommandError(
      'ClientMetadataMissingField',
      `Missing required sub-document '${name}' in the client metadata document`,
    )
  }
  if (!isDocument(value)) throw wrongType(name, 'BSON document')
  return documentBytes(value)
}

function requireText(document: Uint8Array, parent: string, name: string): void {
  const value = getField(document, name)
  if (value === undefined) {
    throw new CommandError(
      'ClientMetadataMissingField',
      `Missing required field '${parent}.${name}' in the client metadata document`,
    )
  }
  if (!isString(value)) throw wrongType(`${parent}.${name}`, 'string')
}

const wrongType = (path: string, expected: string): CommandError =>
  new CommandError('TypeMismatch', `The '${path}' field of the client metadata document must be a ${expected}`)

/**
 * The application's name in a first hello, before anybody has looked whether the rest of it is right: fail points that
 * concern one application go by it. Undefined where there is none to be found.
 */
export function peekAppName(body: Uint8Array): string | undefined {
  let value = getField(body, 'client')
  for (const name of ['application', 'name']) {
    value = isDocument(value) ? getField(documentBytes(value), name) : undefined
  }
  return isString(value) ? toText(value) : undefined
}
