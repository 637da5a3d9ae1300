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

/** Open cursors in one process; each holds at most one batch and a key. */
export const cursorCountMax = 100_000

/** Sorting and grouping hold at most this much in memory. Source: MongoDB, 100 MB without disk use. */
export const blockingStageBytesMax = 100 * 1024 * 1024

/** A sort, scan or build gives the event loop back after this long, so that change events are not held up. */
export const turnMsMax = 4

/** A scan reads this much from storage before it lets the snapshot go; a held snapshot makes the file grow. */
export const scanBatchBytesMax = 1024 * 1024

/** What a live change stream holds that nobody took yet. Past it the stream goes back to reading the log. */
export const backlogBytesMax = 4 * 1024 * 1024

/** How much of the log one step of a catching-up stream reads. */
export const logReadBytesMax = 1024 * 1024

/** One write transaction commits at most about this much; larger statements are cut into several. */
export const transactionBytesMax = 16 * 1024 * 1024

/** A session nobody used this long is forgotten. Announced in hello as logicalSessionTimeoutMinutes. */
export const sessionIdleMinutesMax = 30
