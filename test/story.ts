/**
 * Tests of streams as stories. One line, one step or several; what stands behind => is what the streams give then, in full.
 *
 *   story(`
 *     insert a {x: 1}
 *     watch s where {operationType: 'insert'}  => s: nothing
 *     insert b, update b {x: 2}, insert c      => s: insert b {fullDocument: {_id: 'b'}}, insert c
 *     resume s after b                         => s: insert c, its token is that of its last event
 *   `)
 *
 * Steps       insert | update | replace | delete ID [in COLL] [{…}]     create COLL [{…}]   drop COLL   rename COLL to COLL [over it]
 *             drop database [DB]   index COLL {…}   unindex COLL NAME   modify COLL {…}
 *             watch S [on COLL | on database DB | on everything] [where {…}] [through […]] [with {…}] [in batches of N] START
 *             resume S [START]   kill S   drop the connection of S   wait for S [N ms]   take N from S
 *             forget the oplog before ID   forget the oplog   N ms pass   N seconds pass
 * START       after EVENT (resumeAfter)   starting after EVENT (startAfter)   at ID (startAtOperationTime, when ID was written)
 *
 * A stream that an expectation names is asked until it has no more, unless a getMore was made by `take` or `wait`: then only
 * that one's batch counts. COLL is `c` or `db.c`; `nothing` without a stream's name is said of all.
 *
 * Expected    EVENT as `tell` tells it, with a part of its document   nothing   still waiting   end (the cursor is closed)
 *             error CODENAME   refused CODENAME (of the step)
 *             its token has moved | has stayed | is that of EVENT | is that of its last event | is a high-water mark
 */
import { expect } from 'vitest'
import { type Document, EJSON } from 'bson'
import {
  defaultCollection,
  defaultDatabase,
  type Outcome,
  Refused,
  Stream,
  type StreamSettings,
  tell,
  World,
} from './story-world.ts'

/** Runs a story. The error of a line that does not come true names it. */
export async function story(text: string): Promise<void> {
  const world = await World.open()
  try {
    for (const line of text.split('\n').map(each => each.trim())) {
      if (line === '') continue
      try {
        await tellLine(world, line)
      } catch (error) {
        if (error instanceof Error) error.message = `in the line '${line}': ${error.message}`
        throw error
      }
    }
  } finally {
    await world.close()
  }
}

async function tellLine(world: World, line: string): Promise<void> {
  const [steps = '', expected] = line.split('=>').map(part => part.trim())
  const before = new Map([...world.streams].map(([name, { token }]) => [name, token]))
  let refused: Refused | undefined
  for (const step of splitOutside(steps, ',')) {
    if (refused !== undefined) throw refused
    try {
      await doStep(world, step)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      refused = error
    }
  }
  await world.settle()
  const words = /^refused (\w+)$/.exec(expected ?? '')
  if (words !== null) return expect(refused?.codeName, 'the refusal').toBe(words[1])
  if (refused !== undefined) throw refused
  if (expected === undefined) return
  for (const claim of splitOutside(expected, ';')) await checkClaim(world, claim, before)
}

/** The parts of a text between separators that are in no bracket or quotes. */
function splitOutside(text: string, separator: ',' | ';' | ' '): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string
    if (letter === "'") quoted = !quoted
    if (quoted) continue
    if ('{[('.includes(letter)) depth++
    if ('}])'.includes(letter)) depth--
    if (letter !== separator || depth > 0) continue
    parts.push(text.slice(from, at).trim())
    from = at + 1
  }
  parts.push(text.slice(from).trim())
  return parts.filter(part => part !== '')
}

/** `{x: 1, 'a.b': ['c']}` as a value; extended JSON without most of its quotes. */
export function literal(text: string): Document {
  return EJSON.parse(text.replaceAll("'", '"').replaceAll(/([{,]\s*)([\w.$]+)\s*:/g, '$1"$2":')) as Document
}

function namespace(name: string | undefined): { $db: string; coll: string } {
  const [first = defaultCollection, second] = (name ?? defaultCollection).split('.')
  return second === undefined ? { $db: defaultDatabase, coll: first } : { $db: first, coll: second }
}

const isUpdate = (change: Document): boolean =>
  Array.isArray(change) || Object.keys(change)[0]?.startsWith('$') === true

type Step = (world: World, ...words: (string | undefined)[]) => Promise<void> | void

const steps: readonly (readonly [pattern: RegExp, run: Step])[] = [
  [
    /^insert (\S+)(?: in (\S+))?(?: (\{.*\}))?$/,
    async (world, id = '', place, fields = '{}') => {
      const { $db, coll } = namespace(place)
      await world.write(id, { insert: coll, $db, documents: [{ _id: id, ...literal(fields) }] })
    },
  ],
  [
    /^(update|replace) (\S+)(?: in (\S+))? ([{[].*[}\]])$/,
    async (world, verb, id = '', place, change = '{}') => {
      const { $db, coll } = namespace(place)
      const given = literal(change)
      const u = verb === 'replace' || isUpdate(given) ? given : { $set: given }
      await world.write(id, { update: coll, $db, updates: [{ q: { _id: id }, u, upsert: false }] })
    },
  ],
  [
    /^delete (\S+)(?: in (\S+))?$/,
    async (world, id = '', place) => {
      const { $db, coll } = namespace(place)
      await world.write(id, { delete: coll, $db, deletes: [{ q: { _id: id }, limit: 1 }] })
    },
  ],
  [
    /^create (\S+)(?: (\{.*\}))?$/,
    async (world, name = '', options = '{}') => {
      const { $db, coll } = namespace(name)
      await world.write(name, { create: coll, $db, ...literal(options) })
    },
  ],
  [/^drop database(?: (\S+))?$/, (world, db = defaultDatabase) => world.write(db, { dropDatabase: 1, $db: db })],
  [/^drop the connection of (\S+)$/, (world, name) => streamOf(world, name).dropConnection()],
  [
    /^drop (\S+)$/,
    async (world, name = '') => {
      const { $db, coll } = namespace(name)
      await world.write(name, { drop: coll, $db })
    },
  ],
  [
    /^rename (\S+) to (\S+)( over it)?$/,
    async (world, source = '', target = '', over) => {
      const [from, to] = [namespace(source), namespace(target)].map(({ $db, coll }) => `${$db}.${coll}`)
      await world.write(source, { renameCollection: from, $db: 'admin', to, dropTarget: over !== undefined })
    },
  ],
  [
    /^index (\S+) (\{.*\})$/,
    async (world, name = '', key = '{}') => {
      const { $db, coll } = namespace(name)
      await world.write(name, { createIndexes: coll, $db, indexes: [{ key: literal(key), name: 'i' }] })
    },
  ],
  [
    /^unindex (\S+) (\S+)$/,
    async (world, name = '', index = '') => {
      const { $db, coll } = namespace(name)
      await world.write(name, { dropIndexes: coll, $db, index })
    },
  ],
  [
    /^modify (\S+) (\{.*\})$/,
    async (world, name = '', options = '{}') => {
      const { $db, coll } = namespace(name)
      await world.write(name, { collMod: coll, $db, ...literal(options) })
    },
  ],
  [/^watch (\S+)(.*)$/, (world, name = '', rest = '') => watch(world, name, rest.trim())],
  [
    /^resume (\S+)(.*)$/,
    async (world, name = '', rest = '') => {
      const { settings, token } = streamOf(world, name)
      const start = rest === '' ? { resumeAfter: token } : startOf(world, rest.trim())
      await open(world, name, settings, start)
    },
  ],
  [/^kill (\S+)$/, (world, name) => streamOf(world, name).kill()],
  [
    /^wait for (\S+)(?: (\d+) ms)?$/,
    (world, name, ms = '1000') => {
      streamOf(world, name).getMore({ maxTimeMS: Number(ms), asked: true })
    },
  ],
  [
    /^take (\d+) from (\S+)$/,
    async (world, count, name) => {
      const stream = streamOf(world, name)
      stream.getMore({ maxTimeMS: 0, batchSize: Number(count), asked: true })
      await stream.pending
    },
  ],
  [/^forget the oplog before (\S+)$/, (world, id = '') => world.forgetBefore(world.timeOf(id))],
  [/^forget the oplog$/, world => world.forgetAll()],
  [/^(\d+) (ms|seconds) pass$/, (world, count, unit) => world.env.advance(Number(count) * (unit === 'ms' ? 1 : 1000))],
]

async function doStep(world: World, step: string): Promise<void> {
  for (const [pattern, run] of steps) {
    const words = pattern.exec(step)
    if (words === null) continue
    await run(world, ...words.slice(1))
    return
  }
  throw new Error(`a story has no step '${step}'`)
}

async function watch(world: World, name: string, words: string): Promise<void> {
  let { db, coll, stage, pipeline, batchSize }: { -readonly [Name in keyof StreamSettings]: StreamSettings[Name] } = {
    db: defaultDatabase,
    coll: defaultCollection,
    stage: {},
    pipeline: [],
    batchSize: undefined,
  }
  let start: Document = {}
  for (let [rest, word, argument] = nextPart(words); word !== ''; [rest, word, argument] = nextPart(rest)) {
    if (word === 'on everything') [db, coll, stage] = ['admin', undefined, { allChangesForCluster: true }]
    else if (word === 'on database') [db, coll] = [argument, undefined]
    else if (word === 'on') ({ $db: db, coll } = namespace(argument))
    else if (word === 'where') pipeline = [...pipeline, { $match: literal(argument) }]
    else if (word === 'through') pipeline = [...pipeline, ...(literal(argument) as Document[])]
    else if (word === 'with') stage = { ...stage, ...literal(argument) }
    else if (word === 'in batches of') batchSize = Number(argument)
    else start = startOf(world, `${word} ${argument}`)
  }
  await open(world, name, { db, coll, stage, pipeline, batchSize }, start)
}

/** The first of the parts behind `watch`, and what stands behind it. */
function nextPart(words: string): [rest: string, word: string, argument: string] {
  if (words === '') return ['', '', '']
  if (words.startsWith('on everything')) return [words.slice(13).trim(), 'on everything', '']
  const [all, word = ''] =
    /^(on database|on|where|through|with|in batches of|after|starting after|at) /.exec(words) ?? []
  if (all === undefined) throw new Error(`a story has no '${words}' behind watch`)
  const rest = words.slice(all.length)
  const isStart = word === 'after' || word === 'starting after' || word === 'at'
  const end = isStart ? rest.length : splitOutside(rest, ' ')[0]?.length
  return [rest.slice(end).trim(), word, rest.slice(0, end)]
}

function startOf(world: World, words: string): Document {
  const [, how, what = ''] = /^(after|starting after|at) (.*)$/.exec(words) ?? []
  if (how === undefined) throw new Error(`a story cannot start '${words}'`)
  if (how === 'at') return { startAtOperationTime: world.timeOf(what) }
  return { [how === 'after' ? 'resumeAfter' : 'startAfter']: world.tokenOf(what) }
}

async function open(world: World, name: string, settings: StreamSettings, start: Document): Promise<void> {
  const stream = new Stream(world, settings)
  await stream.open(start)
  world.streams.set(name, stream)
}

function streamOf(world: World, name: string | undefined): Stream {
  const stream = world.streams.get(name ?? '')
  if (stream === undefined) throw new Error(`there is no stream '${name}'`)
  return stream
}

async function checkClaim(world: World, claim: string, before: ReadonlyMap<string, Document>): Promise<void> {
  const [, name, words] = /^(\w+): (.*)$/.exec(claim) ?? [undefined, undefined, claim]
  const names = name === undefined ? [...world.streams.keys()] : [name]
  for (const each of names) await checkStream(world, each, splitOutside(words, ','), before.get(each))
}

async function checkStream(
  world: World,
  name: string,
  expected: readonly string[],
  tokenBefore: Document | undefined,
): Promise<void> {
  const stream = streamOf(world, name)
  const tokenClaim = /^(?:but )?its token (.*)$/
  const given = await givenBy(world, stream)
  const wanted = expected.filter(words => words !== 'nothing' && !tokenClaim.test(words)).map(readExpected)
  expect(
    given.map(({ told }) => told),
    `what ${name} gives`,
  ).toEqual(wanted.map(({ told }) => told))
  given.forEach(({ event }, index) => {
    const part = wanted[index]?.part
    if (part !== undefined) expect(event, `event ${index} of ${name}`).toMatchObject(part)
  })
  const lastToken = given.findLast(({ event }) => event !== undefined)?.event?._id
  for (const words of expected) {
    const claim = tokenClaim.exec(words)?.[1]
    if (claim !== undefined) expectToken(world, stream.token, claim, { tokenBefore, lastToken })
  }
}

function readExpected(words: string): { told: string; part: Document | undefined } {
  const brace = words.indexOf(' {')
  return brace === -1
    ? { told: words, part: undefined }
    : { told: words.slice(0, brace), part: literal(words.slice(brace + 1)) }
}

interface Given {
  readonly told: string
  readonly event: Document | undefined
}

/** What the stream has given since it was looked at last, in the words of the expectation. */
async function givenBy(world: World, stream: Stream): Promise<Given[]> {
  await world.settle()
  const given: Given[] = stream.look().flatMap(givenIn)
  if (stream.pending !== undefined) return [...given, { told: 'still waiting', event: undefined }]
  while (stream.isOpen && !stream.wasAsked) {
    stream.getMore({ maxTimeMS: 0 })
    await stream.pending
    const polled = stream.look().flatMap(givenIn)
    if (polled.length === 0) break
    given.push(...polled)
  }
  stream.wasAsked = false
  return given
}

function givenIn({ events, refused, ended }: Outcome): Given[] {
  const given: Given[] = events.map(event => ({ told: tell(event), event }))
  if (refused !== undefined) given.push({ told: `error ${refused.codeName}`, event: undefined })
  else if (ended) given.push({ told: 'end', event: undefined })
  return given
}

interface Tokens {
  readonly tokenBefore: Document | undefined
  readonly lastToken: Document | undefined
}

function expectToken(world: World, token: Document, claim: string, { tokenBefore, lastToken }: Tokens): void {
  const highWaterMark = /^82[0-9A-F]{16}2B0429296E1404$/
  if (claim === 'has moved') {
    expect(token._data > tokenBefore?._data, `the token is behind ${tokenBefore?._data}: ${token._data}`).toBe(true)
  } else if (claim === 'has stayed') expect(token).toEqual(tokenBefore)
  else if (claim === 'is a high-water mark') expect(token._data).toMatch(highWaterMark)
  else if (claim === 'is that of its last event') expect(token).toEqual(lastToken)
  else if (claim.startsWith('is that of ')) expect(token).toEqual(world.tokenOf(claim.slice('is that of '.length)))
  else throw new Error(`a story has no claim 'its token ${claim}'`)
}
