/** For the tests of this and other packages: a problem that a tiny network learns at once. */
export { type BlobOptions, blobs } from './blobs.js'
