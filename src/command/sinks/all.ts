// Written by scripts/registries.mjs from the files beside it. Do not edit.
export { sink as merge } from './merge.ts'
export { sink as out } from './out.ts'
