/** The store: artifacts by hash, records by stage id. */
export { openStore, type StoreOptions } from './disk.js'
export { StoreError } from './files.js'
export { storeLocation } from './location.js'
export { decodeRecord, deterministicHash, encodeRecord } from './record.js'
export type { Deterministic, Observed, StageRecord, Store } from './types.js'
