/** Binaries as text, in the formats of $convert. */
import { CommandError } from '../base/errors.ts'
import { binaryValue } from '../bson/encode.ts'
import { show } from '../bson/show.ts'
import { type Value, toBinaryParts } from '../bson/value.ts'

export const uuidSubtype = 4
const uuidPattern = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

interface Format {
  readonly pattern: RegExp
  write(content: Buffer): string
  read(text: string): Uint8Array
}

const formats: Readonly<Record<string, Format>> = {
  base64: {
    pattern: /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/,
    write: content => content.toString('base64'),
    read: text => Buffer.from(text, 'base64'),
  },
  base64url: {
    pattern: /^[\w-]*={0,2}$/,
    write: content => content.toString('base64url'),
    read: text => Buffer.from(text, 'base64url'),
  },
  hex: {
    pattern: /^(?:[\da-f]{2})*$/i,
    write: content => content.toString('hex').toUpperCase(),
    read: text => Buffer.from(text, 'hex'),
  },
  utf8: {
    pattern: /^/,
    write: content => content.toString('utf8'),
    read: text => Buffer.from(text, 'utf8'),
  },
  uuid: {
    pattern: uuidPattern,
    write: content => content.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    read: text => Buffer.from(text.replaceAll('-', ''), 'hex'),
  },
}

/** Refuses what is no format. @throws CommandError 4341125. */
export function requireBinaryFormat(format: string): void {
  if (format !== 'auto' && !Object.hasOwn(formats, format)) {
    throw new CommandError('Location4341125', `Invalid 'format' argument for $convert: ${format}`)
  }
}

/**
 * The binary as text. `auto` writes a UUID as one and everything else in base64.
 *
 * @throws CommandError ConversionFailure for a binary that is not what the format is for.
 */
export function binaryText(value: Value, format: string): string {
  const { subtype, content } = toBinaryParts(value)
  const isUuid = subtype === uuidSubtype && content.length === 16
  const name = format === 'auto' ? (isUuid ? 'uuid' : 'base64') : format
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (name === 'uuid' && !isUuid) {
    throw new CommandError(
      'ConversionFailure',
      `Unsupported conversion from ${show(value)} to UUID in $convert with no onError value`,
    )
  }
  const text = formats[name]?.write(bytes) ?? ''
  if (name === 'utf8' && !Buffer.from(text).equals(bytes)) {
    throw new CommandError('ConversionFailure', `BinData does not represent a valid UTF-8 string: ${show(value)}`)
  }
  return text
}

/** The binary that a text spells. @throws CommandError ConversionFailure. */
export function parseBinary(text: string, format: string, subtype: number): Value {
  // To be read, a text has to say what it is.
  const found = format === 'auto' ? undefined : formats[format]
  const isFit = format !== 'uuid' || subtype === uuidSubtype
  if (found === undefined || !isFit || !found.pattern.test(text)) {
    throw new CommandError(
      'ConversionFailure',
      `Failed to parse BinData '${text}' in $convert with no onError value: the input is not valid ${format}`,
    )
  }
  return binaryValue(subtype, found.read(text))
}
