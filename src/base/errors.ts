/**
 * Errors, told apart by whose fault they are.
 *
 *   CommandError    the request's: an `ok: 0` reply (or a writeError); the connection lives
 *   StorageFailed   the world's: a reply too; after a commit of unknown outcome the engine refuses writes
 *   Bug             ours: base/assert.ts
 *
 * Only command/dispatch.ts turns one into a reply.
 */

/**
 * codeName → code, from MongoDB's published list of error codes (src/mongo/base/error_codes.yml). Codes without a name
 * there are written `Location<code>` and need no row here.
 */
const codes = {
  InternalError: 1,
  BadValue: 2,
  NoSuchKey: 4,
  GraphContainsCycle: 5,
  HostUnreachable: 6,
  HostNotFound: 7,
  UnknownError: 8,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  ProtocolError: 17,
  IllegalOperation: 20,
  InvalidBSON: 22,
  AlreadyInitialized: 23,
  LockTimeout: 24,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  CannotBackfillArray: 34,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NoMatchingDocument: 47,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  EmptyFieldName: 56,
  DottedFieldName: 57,
  CommandNotFound: 59,
  WriteConcernFailed: 64,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  IndexAlreadyExists: 68,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  UnknownReplWriteConcern: 79,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  NetworkTimeout: 89,
  ShutdownInProgress: 91,
  FailPointSetFailed: 95,
  OperationFailed: 96,
  UnsatisfiableWriteConcern: 100,
  NotExactValueField: 111,
  WriteConflict: 112,
  CommandNotSupported: 115,
  ConflictingOperationInProgress: 117,
  DocumentValidationFailure: 121,
  CommandFailed: 125,
  FailedToSatisfyReadPreference: 133,
  ReadConcernMajorityNotAvailableYet: 134,
  CappedPositionLost: 136,
  CursorInUse: 143,
  ExceededMemoryLimit: 146,
  StaleEpoch: 150,
  IncompatibleCollationVersion: 161,
  ViewDepthLimitExceeded: 165,
  CommandNotSupportedOnView: 166,
  OptionNotSupportedOnView: 167,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  ClientMetadataMissingField: 183,
  ClientMetadataAppNameTooLarge: 184,
  ClientMetadataDocumentTooLarge: 185,
  ClientMetadataCannotBeMutated: 186,
  PrimarySteppedDown: 189,
  InvalidIndexSpecificationOption: 197,
  NoSuchSession: 206,
  InvalidUUID: 207,
  IncompleteTransactionHistory: 217,
  IllegalOpMsgFlag: 223,
  QueryFeatureNotAllowed: 224,
  TransactionTooOld: 225,
  MaxSubPipelineDepthExceeded: 232,
  TooManyDocumentSequences: 233,
  RetryChangeStream: 234,
  CursorKilled: 237,
  NotImplemented: 238,
  SnapshotTooOld: 239,
  ConversionFailure: 241,
  SnapshotUnavailable: 246,
  StaleDbVersion: 249,
  StaleChunkHistory: 250,
  NoSuchTransaction: 251,
  TransactionCommitted: 256,
  TransactionTooLarge: 257,
  InvalidResumeToken: 260,
  TooManyLogicalSessions: 261,
  ExceededTimeLimit: 262,
  OperationNotSupportedInTransaction: 263,
  PreparedTransactionInProgress: 267,
  MigrationConflict: 272,
  IndexBuildAborted: 276,
  ClientDisconnect: 279,
  ChangeStreamFatalError: 280,
  ChangeStreamHistoryLost: 286,
  ChecksumMismatch: 288,
  TransactionExceededLifetimeLimitSeconds: 290,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  APIStrictError: 323,
  APIMismatchError: 347,
  UnsupportedOpQueryCommand: 352,
  InvalidBSONType: 357,
  CannotConvertIndexToUnique: 359,
  CollectionUUIDMismatch: 361,
  ResourceExhausted: 402,
  SocketException: 9001,
  NotWritablePrimary: 10107,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
  InterruptedDueToReplStateChange: 11602,
  BackgroundOperationInProgressForNamespace: 12587,
  MergeStageNoMatchingDocument: 13113,
  StaleConfig: 13388,
  NotPrimaryNoSecondaryOk: 13435,
  NotPrimaryOrSecondary: 13436,
  OutOfDiskSpace: 14031,
  IDLDuplicateField: 40413,
  IDLFailedToParse: 40414,
  IDLUnknownField: 40415,
  NotARetryableWriteCommand: 50768,
  BackupCursorOpenConflictWithCheckpoint: 50915,
  RetriableRemoteCommandFailure: 91331,
} as const

const names = new Map<number, string>(Object.entries(codes).map(([name, code]) => [code, name]))

export type CodeName = keyof typeof codes | `Location${number}`

/** The number that goes with a name: of the table, or the digits of `Location<code>`. */
export function codeOf(codeName: CodeName): number {
  if (Object.hasOwn(codes, codeName)) return codes[codeName as keyof typeof codes]
  return Number(codeName.slice('Location'.length))
}

/** The name that goes with a number: of the table, else `Location<code>`. For codes that a fail point names. */
export function codeNameOf(code: number): CodeName {
  return (names.get(code) ?? `Location${code}`) as CodeName
}

/** What further fields an error reply carries, such as `keyPattern` and `keyValue` of a duplicate key. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** A refusal: the request asked for something that cannot be had. `message` is what the user reads. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly codeName: CodeName
  readonly labels: readonly string[]
  /** Encodable by bson/encode.ts; empty when there is nothing to add. */
  readonly details: ErrorDetails

  constructor(codeName: CodeName, message: string, { labels = [], details = {}, cause }: CommandErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.codeName = codeName
    this.labels = labels
    this.details = details
  }

  get code(): number {
    return codeOf(this.codeName)
  }

  /** The same error, saying what was being done when it came up: `doing :: caused by :: message`, as the server writes it. */
  during(doing: string): CommandError {
    const { codeName, message, labels, details } = this
    return new CommandError(codeName, `${doing} :: caused by :: ${message}`, { labels, details, cause: this })
  }
}

export interface CommandErrorOptions {
  readonly labels?: readonly string[]
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/** The disk, or the database server beneath us, did not do what was asked. `cause` is its own error. */
export class StorageFailed extends Error {
  override readonly name = 'StorageFailed'
  /** Whether the disk has no room left. Where it is not known here, `cause` may know it. */
  readonly isDiskFull: boolean

  constructor(message: string, { cause, isDiskFull = false }: StorageFailedOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.isDiskFull = isDiskFull
  }
}

export interface StorageFailedOptions {
  readonly cause?: unknown
  readonly isDiskFull?: boolean
}
