/**
 * What is there at once, or will be. Waiting for what is there costs as much as a small read, so whoever is on the way of every
 * request asks first.
 */
export type MaybePromise<T> = T | Promise<T>
