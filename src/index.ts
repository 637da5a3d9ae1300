/** The public face of the package. */
export { open } from './api/database.ts'
export type { Database, OpenOptions } from './api/database.ts'
