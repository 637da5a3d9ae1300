/**
 * The limit: what a server written for this machine's Node.js could at most do. It answers every command with bytes that
 * lie ready, on the same kinds of sockets as ours, and looks at nothing but the header and the command's name. No code
 * of ours is in it. What a benchmark measures against it is the driver and the sockets; the rest of a server is on top.
 *
 *   node bench/limit-server.mjs [--port 0] [--socket /path/x.sock] [--batch 100]      prints its URI
 *
 * Messages have to come as the official drivers send them: the command's document in front of its sequences, nothing
 * compressed. The documents of one insert are taken to be of one size.
 */
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Double, Int32, Long, ObjectId, Timestamp, serialize } from 'bson'
import { restaurantOf } from './restaurant.mjs'

const setName = 'limit'
const headerBytes = 16
/** Header, flags and the 00 of the section that is the document. */
const messageHeadBytes = headerBytes + 5
/** As much of a message as has to be there before anything is decided: head, length, type and name of the command. */
const lookBytes = messageHeadBytes + 5 + 16
/** Above this a reply's bytes are sent from where they lie, with a head of its own in front. */
const copiedBytesMax = 16 * 1024

/**
 * Listens on TCP, or on the Unix socket `socketPath` when there is one.
 * `batchCount`: how many change events each getMore brings, at once.
 */
export async function start({ host = '127.0.0.1', port = 0, socketPath = undefined, batchCount = 100 } = {}) {
  const replies = readyReplies({ batchCount })
  const sockets = new Set()
  let address = socketPath
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, { replies, hello: document => helloReply(document, address) })
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath === undefined ? { host, port } : { path: socketPath }, resolve)
  })
  address ??= `${host}:${server.address().port}`
  return {
    uri: `mongodb://${socketPath === undefined ? address : encodeURIComponent(address)}/?replicaSet=${setName}`,
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Answers the messages of one socket. A message that comes in pieces is answered when its last byte is there. */
function serve(socket, { replies, hello }) {
  /** The beginning of a message of which too little has come. */
  let begun
  /** Bytes of the message at hand that are still to come; its reply waits for them. */
  let missing = 0
  // The reply to the message at hand.
  let ready
  let requestId = 0
  let count = 0

  socket.on('data', chunk => {
    let at = 0
    if (missing > 0) {
      at = Math.min(missing, chunk.length)
      missing -= at
      if (missing > 0) return
      send()
    }
    if (begun !== undefined) {
      chunk = Buffer.concat([begun, chunk])
      begun = undefined
    }
    while (at < chunk.length) {
      const available = chunk.length - at
      const length = available < 4 ? Infinity : chunk.readInt32LE(at)
      if (available < Math.min(length, lookBytes)) {
        begun = chunk.subarray(at)
        return
      }
      if (!choose(chunk, at, length)) return socket.destroy()
      if (length > available) {
        missing = length - available
        return
      }
      send()
      at += length
    }
  })

  /** False when the message is none that a driver sends. */
  const choose = (chunk, at, length) => {
    requestId = chunk.readInt32LE(at + 4)
    count = 0
    const opCode = chunk.readInt32LE(at + 12)
    if (opCode === 2004) {
      ready = hello('query')
      return true
    }
    if (opCode !== 2013 || length < messageHeadBytes + 5) return false
    const document = at + messageHeadBytes
    const wantsNoReply = (chunk[at + headerBytes] & 2) !== 0
    ready = wantsNoReply ? undefined : (replies.get(chunk.readUInt32LE(document + 5)) ?? hello('message'))
    if (ready?.counts) count = countDocuments(chunk, document)
    return true
  }

  const send = () => {
    if (ready === undefined) return
    const { bytes } = ready
    if (bytes.length > copiedBytesMax) {
      const head = Buffer.from(bytes.subarray(0, messageHeadBytes))
      head.writeInt32LE(requestId, 8)
      socket.cork()
      socket.write(head)
      socket.write(bytes.subarray(messageHeadBytes))
      socket.uncork()
      return
    }
    const copy = Buffer.allocUnsafe(bytes.length)
    copy.set(bytes)
    copy.writeInt32LE(requestId, 8)
    // `n` is the first field of these: length, type, 'n' 00, and then its int32.
    if (count > 0) copy.writeInt32LE(count, messageHeadBytes + 4 + 3)
    socket.write(copy)
  }
}

/** How many documents an insert carries in the sequence behind its body, judged by the first one's size. */
function countDocuments(chunk, document) {
  const section = document + chunk.readInt32LE(document)
  const first = section + 1 + 4 + 'documents'.length + 1
  if (first + 4 > chunk.length || chunk[section] !== 1) return 1
  return Math.round((chunk.readInt32LE(section + 1) - 4 - 10) / chunk.readInt32LE(first))
}

/** The first four letters of a command's name, which tell all these commands apart, as they lie in a message. */
const wordOf = name => Buffer.from(name).readUInt32LE(0)

function readyReplies({ batchCount }) {
  const time = new Timestamp({ t: 1_750_000_000, i: 1 })
  const times = {
    $clusterTime: { clusterTime: time, signature: { hash: Buffer.alloc(20), keyId: Long.ZERO } },
    operationTime: time,
  }
  const reply = (fields, options) => ({ bytes: messageOf({ ...fields, ok: new Double(1), ...times }), ...options })
  const ns = 'bench.documents'
  const token = index => ({ _data: `82${(0x10000000 + index).toString(16)}${'0123456789abcdef'.repeat(8)}` })
  const document = restaurantOf(new ObjectId('0123456789abcdef01234567'))
  const event = (_, index) => ({
    _id: token(index),
    operationType: 'insert',
    clusterTime: time,
    wallTime: new Date(1_750_000_000_000),
    fullDocument: document,
    ns: { db: 'bench', coll: 'documents' },
    documentKey: { _id: document._id },
  })
  const nextBatch = Array.from({ length: batchCount }, event)
  const postBatchResumeToken = token(batchCount)
  const byName = {
    ping: reply({}),
    insert: reply({ n: new Int32(1) }, { counts: true }),
    update: reply({ n: new Int32(1), nModified: new Int32(1) }),
    delete: reply({ n: new Int32(1) }),
    find: reply({ cursor: { firstBatch: [document], id: Long.ZERO, ns } }),
    aggregate: reply({ cursor: { firstBatch: [], postBatchResumeToken: token(0), id: Long.ONE, ns } }),
    getMore: reply({ cursor: { nextBatch, postBatchResumeToken, id: Long.ONE, ns } }),
    killCursors: reply({ cursorsKilled: [Long.ONE], cursorsNotFound: [], cursorsAlive: [], cursorsUnknown: [] }),
    endSessions: reply({}),
  }
  // What is not here is taken for a hello, the only other thing that a driver asks by itself.
  return new Map(Object.entries(byName).map(([name, ready]) => [wordOf(name), ready]))
}

/** hello as the primary of a replica set of one. The client is told the address that it came to. */
function helloReply(form, address) {
  const document = {
    helloOk: true,
    hosts: [address],
    setName,
    setVersion: new Int32(1),
    isWritablePrimary: true,
    ismaster: true,
    secondary: false,
    primary: address,
    me: address,
    electionId: new ObjectId('7fffffff0000000000000001'),
    maxBsonObjectSize: new Int32(16 * 1024 * 1024),
    maxMessageSizeBytes: new Int32(48_000_000),
    maxWriteBatchSize: new Int32(100_000),
    localTime: new Date(),
    logicalSessionTimeoutMinutes: new Int32(30),
    connectionId: new Int32(1),
    minWireVersion: new Int32(0),
    maxWireVersion: new Int32(25),
    readOnly: false,
    ok: new Double(1),
  }
  return { bytes: form === 'query' ? queryReplyOf(document) : messageOf(document) }
}

/** An OP_MSG around a document; whom it answers is written into each copy. */
function messageOf(document) {
  const bytes = Buffer.concat([Buffer.alloc(messageHeadBytes), serialize(document)])
  bytes.writeInt32LE(bytes.length, 0)
  bytes.writeInt32LE(1, 4)
  bytes.writeInt32LE(2013, 12)
  return bytes
}

/** The same as an OP_REPLY. */
function queryReplyOf(document) {
  const bytes = Buffer.concat([Buffer.alloc(headerBytes + 20), serialize(document)])
  bytes.writeInt32LE(bytes.length, 0)
  bytes.writeInt32LE(1, 4)
  bytes.writeInt32LE(1, 12)
  bytes.writeInt32LE(8, headerBytes)
  bytes.writeInt32LE(1, headerBytes + 16)
  return bytes
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, socket: { type: 'string' }, batch: { type: 'string' } },
  })
  const { uri } = await start({
    port: Number(values.port ?? 0),
    socketPath: values.socket,
    batchCount: Number(values.batch ?? 100),
  })
  process.stdout.write(`${uri}\n`)
}
