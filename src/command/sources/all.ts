// Written by scripts/registries.mjs from the files beside it. Do not edit.
export { source as collStats } from './coll-stats.ts'
export { source as currentOp } from './current-op.ts'
export { source as listLocalSessions } from './list-local-sessions.ts'
export { source as listSessions } from './list-sessions.ts'
