import { type Document, serialize } from 'bson'
import { expect, test } from 'vitest'
import { stringValue } from '../bson/encode.ts'
import { documentValue } from '../bson/value.ts'
import { parseClientMetadata, peekAppName } from './client-metadata.ts'

const driver = { name: 'nodejs', version: '7.9.0' }
const os = { type: 'Linux' }
const parse = (client: Document) => parseClientMetadata(documentValue(serialize(client)))

test('the application’s name is kept, the document in bytes of its own', () => {
  const bytes = serialize({ application: { name: 'shop' }, driver, os, platform: 'Node.js', env: {} })
  const { document, appName } = parseClientMetadata(documentValue(bytes))
  expect(appName).toBe('shop')
  const before = Buffer.from(bytes)
  bytes.fill(0)
  expect(document).toEqual(before)
  expect(parse({ driver, os }).appName).toBeUndefined()
})

test.for<[Document, string]>([
  [{ os }, 'ClientMetadataMissingField'],
  [{ driver }, 'ClientMetadataMissingField'],
  [{ driver: { name: 'x' }, os }, 'ClientMetadataMissingField'],
  [{ driver: { version: '1' }, os }, 'ClientMetadataMissingField'],
  [{ driver, os: {} }, 'ClientMetadataMissingField'],
  [{ driver: 'x', os }, 'TypeMismatch'],
  [{ driver, os: { type: 1 } }, 'TypeMismatch'],
  [{ application: 'shop', driver, os }, 'TypeMismatch'],
  [{ application: { name: 1 }, driver, os }, 'TypeMismatch'],
  [{ application: { name: 'x'.repeat(129) }, driver, os }, 'ClientMetadataAppNameTooLarge'],
  [{ driver, os, platform: 'x'.repeat(512) }, 'ClientMetadataDocumentTooLarge'],
])('%j is refused: %s', ([client, codeName]) => {
  expect(() => parse(client)).toThrow(expect.objectContaining({ codeName }))
})

test('a client that is not a document is refused', () => {
  expect(() => parseClientMetadata(stringValue('me'))).toThrow(expect.objectContaining({ codeName: 'TypeMismatch' }))
})

test.for<[Document, string | undefined]>([
  [{ hello: 1, client: { application: { name: 'shop' } } }, 'shop'],
  [{ hello: 1, client: { application: {} } }, undefined],
  [{ hello: 1, client: { application: 'shop' } }, undefined],
  [{ hello: 1, client: 1 }, undefined],
  [{ hello: 1 }, undefined],
])('in %j the application is %j', ([body, appName]) => {
  expect(peekAppName(serialize(body))).toBe(appName)
})
