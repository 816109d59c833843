/** Files: safetensors, packed masks, hashes, atomic writes. */
export { writeAtomic } from './atomic.js'
export { packBits, unpackBits } from './bits.js'
export { cacheFolder, type Environment } from './cache-folder.js'
export { makeFolders, syncFolder } from './folders.js'
export { hashTensors, sha256 } from './hash.js'
export {
  decodeSafetensors,
  encodeSafetensors,
  type Metadata,
  readSafetensors,
  type SafetensorsContent,
  writeSafetensors,
} from './safetensors.js'
export type { NamedTensors, StoredDType, StoredTensor } from './tensor.js'
