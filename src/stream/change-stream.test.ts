/** Streams as stories (test/story.ts): one line, one step or several; what stands behind => is what the stream gives. */
import { test } from 'vitest'
import { story } from '../../test/story.ts'

// What a stream shows.

test('a stream gives what happens after it was opened, in order, and nothing of before', () =>
  story(`
    insert a
    watch s                             => s: nothing
    insert b, update b {x: 1}, replace b {y: 1}, delete a
      => s: insert b {fullDocument: {_id: 'b'}}, update b, replace b {fullDocument: {_id: 'b', y: 1}}, delete a
  `))

test('a stream on what does not exist creates nothing, and shows it when it comes', () =>
  story(`
    watch s on nowhere.nothing => nothing
    create nowhere.other       => s: nothing
    insert a in nowhere.nothing => s: insert a in nowhere.nothing
  `))

test('a scope shows its own collections and no other', () =>
  story(`
    watch c, watch d on database d, watch all on everything
    insert a, insert b in other, insert c in e.c
      => c: insert a; d: insert a, insert b in other; all: insert a, insert b in other, insert c in e.c
  `))

test('internal databases are in no scope', () =>
  story(`
    watch s on everything
    insert a in admin.c, insert b in config.c, insert c => s: insert c
  `))

test('an operator changes, a document replaces, and what changes nothing is no event', () =>
  story(`
    insert a {x: 1, list: [1]}
    watch s
    update a {$set: {x: 1}}, update a {$inc: {x: 1}}, update a {$push: {list: 2}}, update a {$unset: {x: 1}}
      => s: update a {updateDescription: {updatedFields: {x: 2}}}, update a {updateDescription: {updatedFields: {'list.1': 2}}}, update a {updateDescription: {removedFields: ['x']}}
    replace a {x: 1} => s: replace a
  `))

test('expanded events are shown only to who asks for them', () =>
  story(`
    watch plain on database d, watch all on database d with {showExpandedEvents: true}
    insert a, index c {x: 1}, modify c {changeStreamPreAndPostImages: {enabled: true}}, unindex c i
      => plain: insert a; all: create c, insert a, createIndexes c, modify c, dropIndexes c
  `))

test('the documents of one command are one commit, each with its own token', () =>
  story(`
    insert a, insert b, insert c
    watch s on database d
    drop database => s: drop c, dropDatabase d, invalidate, end
    watch t on everything after drop c => t: dropDatabase d
  `))

// Where it starts.

test('startAtOperationTime is inclusive', () =>
  story(`
    insert a, insert b, insert c
    watch s at b => s: insert b, insert c
  `))

test('a resumed stream starts after its token, whatever had been delivered before', () =>
  story(`
    insert a
    watch s                  => nothing
    insert b                 => s: insert b
    insert c, insert d
    drop the connection of s
    resume s after b         => s: insert c, insert d
    resume s after b         => s: insert c, insert d
  `))

test('a token is a position: it is good for any filter, and for every scope that sees it', () =>
  story(`
    watch s
    insert a, insert b {x: 1}, insert c in other      => s: insert a, insert b
    watch t where {'fullDocument.x': 1} after a       => t: insert b
    watch d on database d after a                     => d: insert b, insert c in other
    watch all on everything after b                   => all: insert c in other
  `))

test('a token of what the scope does not see is not found', () =>
  story(`
    watch s
    insert a, insert b                => s: insert a, insert b
    watch t on other after a          => refused ChangeStreamFatalError
    watch u on database e after a     => refused ChangeStreamFatalError
  `))

test('a stream that was resumed behind everything waits for what comes', () =>
  story(`
    watch s
    insert a       => s: insert a
    resume s       => s: nothing, its token is that of insert a
    insert b       => s: insert b
  `))

test('a stream follows the name, through the drop of its collection and a new one', () =>
  story(`
    watch all on everything
    insert a, insert b, drop c, insert c => all: insert a, insert b, drop c, insert c
    watch s after a                      => s: insert b, drop c, invalidate, end
    resume s starting after invalidate  => s: insert c
  `))

test('a stream whose filter matches nothing still moves on', () =>
  story(`
    watch s where {'fullDocument.x': 1} => nothing
    insert a, insert b                  => s: nothing, but its token has moved
    forget the oplog before b
    resume s                            => nothing
  `))

test('what fell out of the history is an error, and no silence', () =>
  story(`
    watch s
    insert a, insert b, insert c  => s: insert a, insert b, insert c
    forget the oplog before c
    resume s after a              => refused ChangeStreamHistoryLost
    watch t at b                  => refused ChangeStreamHistoryLost
    watch u at c                  => u: insert c
    resume s after c              => s: nothing
  `))

test('with batchSize 0 nothing is looked for, so what is lost is told by the first getMore', () =>
  story(`
    watch s
    insert a, insert b                      => s: insert a, insert b
    forget the oplog before b
    watch t in batches of 0 after a         => t: error ChangeStreamHistoryLost
    insert c                                => s: insert c
  `))

test('a whole history goes back to before its first entry', () =>
  story(`
    insert a
    watch s with {startAtOperationTime: {$timestamp: {t: 1, i: 1}}} => s: insert a
  `))

test('a stream that had not read yet when the history went on notices it', () =>
  story(`
    watch s in batches of 0
    insert a, insert b, insert c
    forget the oplog before c    => s: error ChangeStreamHistoryLost
  `))

// Batches and waiting.

test('a getMore waits until something comes, and returns at once then', () =>
  story(`
    watch s            => nothing
    wait for s         => s: still waiting
    insert a           => s: insert a
  `))

test('a getMore that nothing comes for ends after its time, a second if it names none', () =>
  story(`
    watch s            => nothing
    wait for s         => s: still waiting
    999 ms pass        => s: still waiting
    1 ms pass          => s: nothing
    wait for s 50 ms   => s: still waiting
    50 ms pass         => s: nothing
    wait for s 0 ms    => s: nothing
  `))

test('what does not match neither wakes a getMore nor gives it more time', () =>
  story(`
    insert z
    watch s where {'fullDocument.x': 1} => nothing
    insert y
    wait for s                          => s: still waiting
    600 ms pass
    insert a                            => s: still waiting
    400 ms pass                         => s: nothing, but its token has moved
  `))

test('a batch ends at its size, and the next begins behind it', () =>
  story(`
    watch s => nothing
    insert a, insert b, insert c
    take 2 from s => s: insert a, insert b, its token is that of its last event
    take 2 from s => s: insert c
    take 2 from s => s: nothing, its token has stayed
  `))

test('killing a cursor ends the getMore that waits on it', () =>
  story(`
    watch s            => nothing
    wait for s         => s: still waiting
    kill s             => s: error CursorKilled
  `))

test('a killed cursor is not found any more', () =>
  story(`
    watch s            => nothing
    kill s             => s: error CursorNotFound
  `))

test('a client that goes away takes its waiting getMore with it', () =>
  story(`
    watch s                   => nothing
    wait for s
    drop the connection of s  => s: error ClientDisconnect
  `))

test('a killed stream that waited for the future stays away', () =>
  story(`
    watch s
    insert a           => s: insert a
    watch t with {startAtOperationTime: {$timestamp: {t: 1900000000, i: 1}}}
    wait for t
    kill t             => t: error CursorKilled
    insert b           => s: insert b
  `))

test('an error comes behind the events before it, and ends the cursor', () =>
  story(`
    watch s through [{$project: {_id: {$cond: ['$fullDocument.bad', 'none', '$_id']}, operationType: 1, documentKey: 1}}]
    insert a, insert b {bad: true}, insert c
    take 9 from s      => s: insert a
    take 9 from s      => s: error ChangeStreamFatalError
    resume s           => refused ChangeStreamFatalError
  `))

test('what a stream cannot show hurts no other stream', () =>
  story(`
    watch bad through [{$unset: '_id'}], watch good
    insert a           => bad: error ChangeStreamFatalError; good: insert a
    insert b           => good: insert b
  `))

test('a stage may reshape everything but the token', () =>
  story(`
    watch s through [{$set: {_id: '$_id', tag: '$fullDocument.x'}}, {$project: {tag: 1, operationType: 1, documentKey: 1}}]
    watch t through [{$replaceWith: {_id: '$_id', operationType: 'mine'}}]
    insert a {x: 1} => s: insert a {tag: 1}; t: mine
    resume s after insert a => s: nothing
  `))

test('streams with equal stages are served together, and each at its own pace', () =>
  story(`
    watch s where {'fullDocument.x': 1}, watch t where {'fullDocument.x': 1}
    insert a {x: 1}, insert b {x: 2}, insert c {x: 1}
    take 1 from s => s: insert a
    kill t
    insert d {x: 1}
    take 9 from s => s: insert c, insert d
  `))

test('a time and chance of its own keep a stream apart from others', () =>
  story(`
    watch s through [{$set: {now: '$$NOW'}}]
    1 seconds pass
    watch t through [{$set: {now: '$$NOW'}}]
    insert a
      => s: insert a {now: {$date: {$numberLong: '1700000000000'}}}; t: insert a {now: {$date: {$numberLong: '1700000001000'}}}
  `))

// Tokens of batches.

test('a stream that was only opened has the token it was given', () =>
  story(`
    watch s
    insert a, insert b                                  => s: insert a, insert b
    watch t in batches of 0 after a
    take 1 from t                                       => t: insert b, its token is that of insert b
  `))

test('while nothing is written the token moves with the time, and only while somebody watches', () =>
  story(`
    watch s            => s: nothing, its token is a high-water mark
    wait for s 60000 ms
    25 seconds pass
    30 seconds pass    => s: still waiting
    10 seconds pass    => s: nothing, but its token has moved
  `))

test('a batch that reaches the end of the log may have a later token than its last event', () =>
  story(`
    watch s => nothing
    insert a, insert b in other => s: insert a, its token is a high-water mark
    resume s                    => s: nothing
  `))

test('an event of another commit at its end does not move the token by itself', () =>
  story(`
    watch s where {operationType: 'insert'} => nothing
    insert a   => s: insert a, its token is that of its last event
    resume s   => s: nothing, its token has stayed
  `))

// Invalidation.

test('the drop of its collection ends a stream', () =>
  story(`
    insert a
    watch s, watch d on database d, watch all on everything
    drop c => s: drop c, invalidate, end, its token is that of invalidate; d: drop c; all: drop c
    insert b => d: insert b; all: insert b
  `))

test('a rename ends the streams on both names', () =>
  story(`
    insert a, insert b in t
    watch s, watch t on t, watch d on database d
    rename c to t over it
      => s: rename c to t, invalidate, end; t: rename c to t, invalidate, end; d: rename c to t {to: {db: 'd', coll: 't'}}
  `))

test('dropping the database ends the streams on it and in it, and none above', () =>
  story(`
    insert a
    watch s, watch d on database d, watch all on everything
    drop database
      => s: drop c, invalidate, end; d: drop c, dropDatabase d, invalidate, end; all: drop c, dropDatabase d
    insert b => all: insert b
  `))

test('a batch that is full with the invalidate leaves the end to the next', () =>
  story(`
    insert a
    watch s
    drop c
    take 2 from s => s: drop c, invalidate, its token is that of invalidate
    take 2 from s => s: end, its token is that of invalidate
  `))

test('a filter may hide what ended the stream, and the end itself', () =>
  story(`
    insert a
    watch drops where {operationType: 'drop'}, watch ends where {operationType: 'invalidate'}
    watch inserts where {operationType: 'insert'}
    drop c => drops: drop c, end; ends: invalidate, end; inserts: end
  `))

test('the end wakes a getMore', () =>
  story(`
    insert a
    watch s where {operationType: 'insert'} => nothing
    wait for s => s: still waiting
    drop c     => s: end
  `))

test('resumed after what ended it, a stream ends again', () =>
  story(`
    insert a
    watch s
    drop c, insert b         => s: drop c, invalidate, end
    resume s after drop c    => s: invalidate, end
    resume s starting after drop c => s: invalidate, end
    watch t at c             => t: drop c, invalidate, end
  `))

test('behind an invalidate one starts, and does not resume', () =>
  story(`
    insert a
    watch s
    drop c, insert b                       => s: drop c, invalidate, end
    resume s after invalidate              => refused InvalidResumeToken
    resume s starting after invalidate    => s: insert b
    drop c                                 => s: drop c, invalidate, end
  `))

test('resumed after a rename, both streams that it ended end again', () =>
  story(`
    insert a
    watch s, watch t on t
    rename c to t, insert b => s: rename c to t, invalidate, end; t: rename c to t, invalidate, end
    resume s after rename c to t          => s: invalidate, end
    resume t after rename c to t          => t: invalidate, end
    resume s starting after invalidate    => s: insert b
    resume t starting after invalidate    => t: nothing
    rename t to c over it                 => s: rename t to c, invalidate, end; t: rename t to c, invalidate, end
  `))

test('resumed after a dropped database, a stream on it ends again, and behind the invalidate a new one starts', () =>
  story(`
    insert a
    watch d on database d, watch all on everything
    drop database, insert b => d: drop c, dropDatabase d, invalidate, end; all: drop c, dropDatabase d, insert b
    resume d after drop c                 => d: dropDatabase d, invalidate, end
    resume d after dropDatabase d         => d: invalidate, end
    resume d starting after dropDatabase d => d: invalidate, end
    watch x on database d starting after invalidate => x: insert b
    watch y on database d after invalidate => refused InvalidResumeToken
    watch z on everything after dropDatabase d => z: insert b
    drop database                         => x: drop c, dropDatabase d, invalidate, end; z: drop c, dropDatabase d
  `))

test('an invalidate is no end for a stream of a wider scope', () =>
  story(`
    insert a
    watch s
    drop c, insert b                                  => s: drop c, invalidate, end
    watch d on database d starting after invalidate   => d: insert b
    watch all on everything starting after invalidate => all: insert b
  `))

test('a stream cannot be resumed in a collection with the token of a dropped database', () =>
  story(`
    insert a
    watch d on database d
    drop database             => d: drop c, dropDatabase d, invalidate, end
    watch s after dropDatabase d => refused InvalidResumeToken
  `))

// Images.

test('updateLookup gives the document as it is, null when it is gone', () =>
  story(`
    insert a {x: 0}, insert b
    watch s with {fullDocument: 'updateLookup'} in batches of 0
    update a {x: 1}, update a {x: 2}, update b {x: 1}, delete b
      => s: update a {fullDocument: {x: 2}}, update a {fullDocument: {x: 2}}, update b {fullDocument: null}, delete b
  `))

test('a document of a collection that was made anew counts unless only the same collection does', () =>
  story(`
    insert z, insert a
    watch all on everything
    update z {x: 1}, update a {x: 1}, drop c, insert a {y: 1} => all: update z, update a, drop c, insert a
    watch any on everything with {fullDocument: 'updateLookup'} after update z
      => any: update a {fullDocument: {_id: 'a', y: 1}}, drop c, insert a
    watch same on everything with {fullDocument: 'updateLookup', matchCollectionUUIDForUpdateLookup: true} after update z
      => same: update a {fullDocument: null}, drop c, insert a
  `))

test('whoever wants it gets the update as the log has it', () =>
  story(`
    insert a
    watch s with {showRawUpdateDescription: true}
    update a {x: 1} => s: update a {rawUpdateDescription: {$v: 2, diff: {i: {x: 1}}}}
  `))

test('images are those of the very moment', () =>
  story(`
    create c {changeStreamPreAndPostImages: {enabled: true}}, insert a {x: 0}
    watch s with {fullDocument: 'required', fullDocumentBeforeChange: 'required'} in batches of 0
    update a {x: 1}, update a {x: 2}, replace a {y: 1}, delete a
      => s: update a {fullDocument: {x: 1}, fullDocumentBeforeChange: {x: 0}}, update a {fullDocument: {x: 2}, fullDocumentBeforeChange: {x: 1}}, replace a {fullDocument: {y: 1}, fullDocumentBeforeChange: {x: 2}}, delete a {fullDocumentBeforeChange: {y: 1}}
  `))

test('an image that was not kept is null, or an error where it is required', () =>
  story(`
    insert a
    watch available with {fullDocument: 'whenAvailable', fullDocumentBeforeChange: 'whenAvailable'}
    watch required with {fullDocument: 'required'}
    watch filtered where {operationType: 'delete'} with {fullDocument: 'required'}
    update a {x: 1}
      => available: update a {fullDocument: null, fullDocumentBeforeChange: null}; required: error NoMatchingDocument; filtered: nothing
    delete a => available: delete a; filtered: delete a
  `))
