/**
 * Every limit we have, with its unit and why it has this value. A queue, cache, wait or retry that is not bounded by a
 * line of this file is a bug.
 */

/** A user's document. Source: MongoDB manual, "Limits and thresholds". */
export const documentBytesMax = 16 * 1024 * 1024

/** Documents the server builds itself (oplog entries, change events, replies) may be this much larger. */
export const documentBytesInternalMax = documentBytesMax + 16 * 1024

/** How deep documents and arrays may nest, the document itself being level 1. Source: MongoDB, 180 levels on its wire. */
export const documentDepthMax = 180

/** One wire message, header included. Announced in hello as maxMessageSizeBytes. */
export const messageBytesMax = 48_000_000

/** Statements in one write command. Announced in hello as maxWriteBatchSize. */
export const writeBatchCountMax = 100_000

/** A first batch holds this many documents when the command names no batchSize. Source: MongoDB, cursors. */
export const firstBatchCountDefault = 101

/** What one batch of a cursor may weigh: the reply around it still fits into a 16 MiB document. */
export const batchBytesMax = documentBytesMax

/** A getMore on a change stream waits this long for something new when it names no maxTimeMS. Source: MongoDB. */
export const awaitDataMsDefault = 1000

/** A cursor nobody asked for this long is closed. Source: MongoDB, cursorTimeoutMillis. */
export const cursorIdleMsMax = 10 * 60 * 1000

/** A cursor keeps the command that opened it, for reports; of a larger one only a text that is cut. */
export const originCommandBytesMax = 4096

/** A running command is shown whole up to this size, or up to the first where short ones were asked for. Source: MongoDB, 1 kB. */
export const shortCommandBytesMax = 1000
export const shownCommandBytesMax = 64 * 1024

/** Open cursors in one process. What they hold is bounded by `heldBytesMax`. */
export const cursorCountMax = 100_000

/** Sorting and grouping hold at most this much in memory. Source: MongoDB, 100 MB without disk use. */
export const blockingStageBytesMax = 100 * 1024 * 1024

/** All sorts, groups and pieces of scans together, those of cursors that nobody asks included. */
export const heldBytesMax = 512 * 1024 * 1024

/** A sort, scan or build gives the event loop back after this long, so that change events are not held up. */
export const turnMsMax = 4

/** What an operation does with one document cannot give the event loop back; after this long it is given up. */
export const evaluationMsMax = 4000

/** A scan reads this much from storage before it lets the snapshot go; a held snapshot makes the file grow. */
export const scanBatchBytesMax = 1024 * 1024

/** The same while memory is scarce. */
export const scanBatchBytesScarce = 16 * 1024

/** What a live change stream holds that nobody took yet. Past it the stream goes back to reading the log. */
export const backlogBytesMax = 4 * 1024 * 1024

/** What all change streams together hold that nobody took yet. Past it those that nobody reads go back to reading the log. */
export const allBacklogsBytesMax = 128 * 1024 * 1024

/** How much of the log one step reads, of the hub or of a stream that catches up. */
export const logReadBytesMax = 256 * 1024

/** While a client works on a batch of history, at most this many steps are made for the next one. */
export const readAheadCountMax = 4

/** One write transaction commits at most about this much; larger statements are cut into several. */
export const transactionBytesMax = 16 * 1024 * 1024

/** A multi-document transaction that is open longer is aborted. Source: MongoDB, transactionLifetimeLimitSeconds. */
export const transactionLifetimeSecondsMax = 60

/** Transactions open at once. Each may hold a state of the storage of its own, for which LMDB has 4096 places. */
export const openTransactionCountMax = 1000

/**
 * What one open transaction holds in memory until it commits: what it changes, the entries that tell it, and the keys it read. A
 * document that is inserted counts twice.
 */
export const openTransactionBytesMax = 128 * 1024 * 1024

/** What all open transactions hold together. */
export const openTransactionsBytesMax = 512 * 1024 * 1024

/** A state that a snapshot read has seen can be read again for this long. What is held makes the file grow. */
export const snapshotHistorySecondsMax = 60

/** States that are held for snapshot reads; the oldest goes before one more comes. */
export const snapshotHistoryCountMax = 1000

/** A session nobody used this long is forgotten. Announced in hello as logicalSessionTimeoutMinutes. */
export const sessionIdleMinutesMax = 30

/** How often a statement looks for another document when the one it found was changed by somebody else first. */
export const contentionRetriesMax = 1000

/** What a session did for its latest retryable write is remembered this long. Source: MongoDB, 30 minutes. */
export const retryRecordAgeMsMax = sessionIdleMinutesMax * 60 * 1000

/** Sessions remembered at once, about 150 bytes each. Source: MongoDB, maxSessions. */
export const sessionCountMax = 1_000_000

/** How often sessions that nobody used for long are looked for: much less than they may live. */
export const sessionSweepMs = 60_000

/** The handshake's `client` document, and the application's name in it, which is kept. Source: MongoDB handshake. */
export const clientMetadataBytesMax = 512
export const appNameBytesMax = 128

/** Log lines that wait because nobody takes them; those beyond are dropped and counted. */
export const logBytesMax = 1024 * 1024

/** A server that ends waits this long for whoever reads its log. */
export const logFlushMsMax = 1000

/** Log lines that getLog can show. Source: MongoDB, getLog. */
export const logLinesKeptMax = 1024

/** A read that asks for a later state than there is waits this long for it; longer would hold back a plain error. */
export const afterClusterTimeMsMax = 1000

/** Collations kept ready, most recently asked for; making one anew costs some microseconds. */
export const collationCountMax = 64

/** Regular expressions kept ready, most recently asked for; making one anew costs some ten microseconds. */
export const regexCountMax = 500

/** Characters of a regular expression. Source: MongoDB, before 6.1; later versions take what PCRE2 can compile, which is less. */
export const regexPatternLengthMax = 32_764

/** What an expression may build on its way, be the result as small as it likes. Source: MongoDB's BufBuilder has 64 MB. */
export const builtBytesMax = 128 * 1024 * 1024

/** Capturing groups of a regular expression: V8 takes the square of their number for each text, a third of a second for these. */
export const regexCaptureCountMax = 500

/** A regular expression that V8 cannot run in linear time is stopped after this long on one text, one that it can somewhat later. */
export const regexRunMsMax = 50

/** While change streams are open and nothing is written, the log is moved on this often. Source: MongoDB, 10 s. */
export const idleEntryMs = 10_000

/** The log's newest entries that are kept in memory, so that streams at its end never read the disk. */
export const logTailBytesMax = 16 * 1024 * 1024

/**
 * Entries of one commit that are stored as one value, about: many small values cost a store more than their bytes, and of a large one
 * a reader takes more than it asked for.
 */
export const logPartBytesMax = 64 * 1024

/** What one group of commits may weigh before further bodies wait for the group ahead of it to be durable. */
export const groupBytesMax = 32 * 1024 * 1024

/** A checkpoint begins when so much is in the journal alone: what it takes along must not hold up the event loop for long. */
export const checkpointBytes = 1024 * 1024

/** The same for groups: each is looked at by every read. */
export const checkpointGroupCount = 32

/** The same for time since the first of them. Longer would save little: by then most pages are written for several groups. */
export const checkpointMs = 25

/** What may be in the journal alone. A group that would be too much waits for a checkpoint and goes to LMDB itself. */
export const journaledBytesMax = 8 * 1024 * 1024

/** The same for groups, which pile up while the disk is slow. */
export const journaledGroupCountMax = 256

/** The buffer in which a record of the journal is made is kept for the next one if it is no larger. */
export const journalBufferBytesMax = 4 * 1024 * 1024

/** Field names kept as text, by their bytes; a power of two. Making one anew costs some ten nanoseconds. */
export const fieldNameCountMax = 1024

/** Stored parts of the log that one step of a truncation removes: some hundred microseconds of the disk's time. */
export const logTruncateCountMax = 256

/** A getMore that has events already reads on in the history for at most this long before it answers. */
export const catchUpMsMax = 20

/** One that has none reads on for at least this long, also when it is not to wait: an empty batch seems to be the end. */
export const searchMsMax = 1000

/** A larger change event is split where the stream asks for it; the rest of the internal limit is for the reply around it. */
export const wholeEventBytesMax = documentBytesInternalMax - 8 * 1024

/** Texts of refused statements in one reply; those behind it are told by their codes alone. Source: MongoDB, 1 MiB. */
export const writeErrorsBytesMax = 1024 * 1024

/** Documents that keep an index from being made unique are named up to this much of their _ids. Source: MongoDB, 8 MiB. */
export const violationBytesMax = 8 * 1024 * 1024

/** Pages of the data file that are looked at before it is opened, of 4 KiB: less than a tenth of a second. */
export const pagesCheckedMax = 10_000

/** How often expired documents, old history and the like are looked for. Source: MongoDB's TTL monitor, 60 s. */
export const maintenanceMs = 60_000

/** A server that is told to stop lets running commands go on for at most this long. */
export const shutdownMsMax = 5000

/** How many views may stand on one another. Source: MongoDB, 20. */
export const viewDepthMax = 20

/** How many pipelines may stand within one another, those of views included. Source: MongoDB, 20. */
export const pipelineDepthMax = 20

/** Documents that all pipelines of a $facet are given before any gets more; the first is taken however large it is. */
export const fanOutPieceBytesMax = 1024 * 1024

/** Room in front of a reply's document for the head of the message that it is sent in: 36 bytes are the most that one takes. */
export const replyRoomBytes = 36

/** Of the memory that small replies are written into, one behind the other. */
export const replySlabBytes = 16 * 1024

/** Where less is left of it, the next reply begins in new memory. */
export const replyBytesUsual = 1024

/** Collections whose catalog entries are kept decoded; when there are more, all are let go and decoded anew. */
export const catalogCacheCountMax = 10_000
