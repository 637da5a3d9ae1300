// Written by scripts/registries.mjs from the files beside it. Do not edit.
export const embedded = async () => (await import('./embedded.ts')).engine
export const memory = async () => (await import('./memory.ts')).engine
