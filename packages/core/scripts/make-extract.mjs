/**
 * Makes the extract of Fashion-MNIST that this package ships: the first 600 training and 100 test images of each class,
 * in the original order, as gzipped idx files.
 *
 * npx nx build core && node packages/core/scripts/make-extract.mjs OUT_DIR
 *
 * Prints the SHA-256 of each decoded file, which src/data/mnist.ts must name. The decoded bytes are always the same; the
 * gzip around them depends on Node's zlib.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gzipSync } from 'node:zlib'
import { loadDataset } from '../dist/data/index.js'

const [out] = process.argv.slice(2)
if (out === undefined) {
  console.error('usage: node make-extract.mjs OUT_DIR')
  process.exit(1)
}
mkdirSync(out, { recursive: true })

const { train, test, imageShape, classes } = await loadDataset('fashion-mnist')
const [height, width] = imageShape
for (const [part, examples, perClass] of [
  ['train', train, 600],
  ['t10k', test, 100],
]) {
  const kept = firstOfEachClass(examples.labels, perClass)
  const size = height * width
  const images = Buffer.concat(kept.map((i) => examples.images.subarray(i * size, (i + 1) * size)))
  const labels = Buffer.from(kept.map((i) => examples.labels[i]))
  write(`${part}-images-idx3-ubyte`, [kept.length, height, width], images)
  write(`${part}-labels-idx1-ubyte`, [kept.length], labels)
}

/** Indices of the first `perClass` examples of each class, ascending. */
function firstOfEachClass(labels, perClass) {
  const counts = new Array(classes).fill(0)
  return [...labels.keys()].filter((i) => counts[labels[i]]++ < perClass)
}

function write(name, shape, data) {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.writeUInt8(8, 2)
  header.writeUInt8(shape.length, 3)
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i)
  const bytes = Buffer.concat([header, data])
  // The strategy and level of the committed files: within 1% of the smallest that zlib makes.
  const zip = gzipSync(bytes, { level: 9, memLevel: 9, strategy: constants.Z_FILTERED })
  writeFileSync(join(out, `${name}.gz`), zip)
  console.log(createHash('sha256').update(bytes).digest('hex'), zip.length, name)
}
