/** A made-up data set in the shape of CIFAR-10, for smoke runs: no download, and never to be mistaken for a real one. */
import { UserError } from '../errors.js'
import { sha256 } from '../files/hash.js'
import { stream } from '../random/stream.js'
import type { DatasetDefinition, Examples } from './types.js'

const SIDE = 32
const CHANNELS = 3
const PIXELS = SIDE * SIDE * CHANNELS
const classes = 10
const trainCount = 4000
const testCount = 1000

const name = 'synthetic-32x32'
/** SHA-256 of the images and labels of both parts, as `hashOf` takes it. */
const hash = '617f84ccf2015be9de771c2e80cfb8e3e21e3ca2a5a3c3c563caf2d4cdbb9374'

export const synthetic: DatasetDefinition = {
  info: {
    name,
    title: 'Synthetic colour patterns',
    note: 'made up by the program for smoke runs, not a real data set',
    imageShape: [SIDE, SIDE, CHANNELS],
    classes,
    trainCount,
    testCount,
    hash,
  },
  files: [],
  addresses: [],
  decode() {
    const prototypes = makePrototypes()
    const parts = { train: draw('train', trainCount, prototypes), test: draw('test', testCount, prototypes) }
    const made = hashOf(parts.train, parts.test)
    if (made !== hash) {
      throw new UserError(
        `The data set ${name} came out wrong (SHA-256 ${made}, not ${hash}); report this with your Node version.`,
      )
    }
    return parts
  },
}

function hashOf(...parts: readonly Examples[]): string {
  return sha256(parts.map(({ images, labels }) => `${sha256(images)} ${sha256(labels)}\n`).join(''))
}

/** A smooth pattern of colours a class, [classes, 32, 32, 3]: random on a grid of 8x8 that wraps around, bilinear between. */
function makePrototypes(): Uint8Array {
  const cells = 8
  const scale = SIDE / cells
  const grid = stream(0, `${name}/prototypes`).integers(classes * cells * cells * CHANNELS, 256)
  const patterns = new Uint8Array(classes * PIXELS)
  let at = 0
  for (let label = 0; label < classes; label++) {
    const corner = (row: number, column: number, channel: number): number =>
      grid[((label * cells + (row % cells)) * cells + (column % cells)) * CHANNELS + channel]!
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const [top, left] = [Math.floor(row / scale), Math.floor(column / scale)]
        const [down, right] = [row % scale, column % scale]
        for (let channel = 0; channel < CHANNELS; channel++) {
          const above = (scale - right) * corner(top, left, channel) + right * corner(top, left + 1, channel)
          const below = (scale - right) * corner(top + 1, left, channel) + right * corner(top + 1, left + 1, channel)
          patterns[at++] = Math.floor(((scale - down) * above + down * below) / scale ** 2)
        }
      }
    }
  }
  return patterns
}

/** How a pattern is laid into an image: where it starts, whether mirrored, and its contrast in 256ths. */
interface Placement {
  readonly pattern: number
  readonly flip: boolean
  readonly down: number
  readonly right: number
  readonly contrast: number
}

/**
 * As many images of each class: its pattern and, fainter, that of any class, each mirrored or not, shifted around the edges
 * by up to 8 pixels either way and with a contrast of its own; another brightness; and noise on each value. So what
 * augmentation does to an image does not change its class.
 */
function draw(part: string, count: number, prototypes: Uint8Array): Examples {
  const draws = stream(0, `${name}/${part}`)
  const place = (pattern: number, least: number, most: number): Placement => ({
    pattern,
    flip: draws.below(2) === 1,
    down: draws.below(17) + SIDE - 8,
    right: draws.below(17) + SIDE - 8,
    contrast: least + draws.below(most - least + 1),
  })
  /** Index of the pattern's pixel that comes to lie at a place. */
  const pixelOf = ({ pattern, flip, down, right }: Placement, row: number, column: number): number =>
    pattern * PIXELS +
    (((row + down) % SIDE) * SIDE + (((flip ? SIDE - 1 - column : column) + right) % SIDE)) * CHANNELS

  const images = new Uint8Array(count * PIXELS)
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes)
  let at = 0
  for (const label of labels) {
    const own = place(label, 40, 120)
    const other = place(draws.below(classes), 0, 80)
    const brightness = draws.below(97) - 48
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const [near, far] = [pixelOf(own, row, column), pixelOf(other, row, column)]
        // One word's bytes are the noise of the three channels, -64 to 63.
        const word = draws.uint32()
        for (let channel = 0; channel < CHANNELS; channel++) {
          const mixed =
            (prototypes[near + channel]! - 128) * own.contrast + (prototypes[far + channel]! - 128) * other.contrast
          const noise = (((word >>> (8 * channel)) & 255) >> 1) - 64
          images[at++] = Math.min(255, Math.max(0, 128 + brightness + (mixed >> 8) + noise))
        }
      }
    }
  }
  return { images, labels, count }
}
