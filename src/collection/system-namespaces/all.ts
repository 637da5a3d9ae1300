// Written by scripts/registries.mjs from the files beside it. Do not edit.
export { systemNamespace as oplog } from './oplog.ts'
export { systemNamespace as preImages } from './pre-images.ts'
