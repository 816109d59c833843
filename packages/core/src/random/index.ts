/** Random numbers: named counter-based streams, the same on every machine and engine. */
export { type Shufflable, type Stream, type StreamState, type Streams, stream, streams, within } from './stream.js'
export { threefry2x32 } from './threefry.js'
