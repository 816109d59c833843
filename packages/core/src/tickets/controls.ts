/** Controls: tickets deliberately broken in one respect (claims.md 0.3), each from streams of its own. */
import { z } from 'zod'
import { UserError } from '../errors.js'
import { countKept, type Masks, magnitudes, selectCount } from '../masks/index.js'
import { type Model, prunableParameters, sizeOf, type Weights } from '../models/index.js'
import { type Streams, streams, within } from '../random/index.js'
import { maskedTicket, type Ticket } from './ticket.js'

/** Replicates of a control differ in their streams only. */
const replicate = z.int().min(0).default(0)

export const controlSchema = z.discriminatedUnion('name', [
  /** Same mask, fresh draw of all parameters. */
  z.strictObject({ name: z.literal('reinit'), replicate }),
  /** The mask shuffled within each parameter, same initial weights (traps T8, T9). */
  z.strictObject({ name: z.literal('shuffled'), replicate }),
  /** A random mask with as many weights in each parameter as the ticket's, fresh draw. */
  z.strictObject({ name: z.literal('random-layerwise'), replicate }),
  /** A random mask with the ticket's overall density in each parameter, fresh draw. */
  z.strictObject({ name: z.literal('random-uniform'), replicate }),
  /** A random mask with as many weights as the ticket's anywhere, fresh draw. */
  z.strictObject({ name: z.literal('random-global'), replicate }),
  /** The largest initial weights, ranked globally, as many as the ticket's; same initial weights. */
  z.strictObject({ name: z.literal('magnitude-at-init') }),
  /** Same mask; Gaussian noise of `scale` standard deviations of each kernel's initial distribution is added. */
  z.strictObject({ name: z.literal('noise'), scale: z.number().min(0), replicate }),
])
export type Control = z.output<typeof controlSchema>
export type ControlInput = z.input<typeof controlSchema>
export type ControlName = Control['name']

export interface ControlContext {
  readonly model: Model
  /** Root seed of the run; the control's streams lie below "reinit/<replicate>/", "mask/<control>/<replicate>/" ... */
  readonly seed: number
  /** The weights that the ticket's were taken from, before masking: theta_0, or theta_k when rewinding. */
  readonly origin: Weights
}

/**
 * The control of a ticket. Fresh draws start from iteration 0; all others from the ticket's step.
 *
 * @throws UserError for a ticket without a mask, or an origin that was masked already
 */
export function controlTicket(ticket: Ticket, control: Control, { model, seed, origin }: ControlContext): Ticket {
  const { mask } = ticket
  if (mask === undefined) throw new UserError('A dense network has no controls; give a ticket with a mask.')
  const provenance = { control, seed, of: ticket.provenance }
  const same = { mask, weights: origin, step: ticket.step, provenance }
  const from = (name: string): Streams => within(streams(seed), name)
  const fresh = (replicate: number): Pick<Ticket, 'weights' | 'step'> => ({
    weights: model.init(from(`reinit/${replicate}`)),
    step: 0,
  })

  switch (control.name) {
    case 'reinit':
      return maskedTicket(model, { ...same, ...fresh(control.replicate) })
    case 'shuffled':
      checkOrigin(model, mask, origin)
      return maskedTicket(model, { ...same, mask: shuffledMasks(mask, from(`mask/shuffled/${control.replicate}`)) })
    case 'random-layerwise':
    case 'random-uniform':
    case 'random-global': {
      const random = randomMasks(model, mask, control.name, from(`mask/${control.name}/${control.replicate}`))
      return maskedTicket(model, { ...same, ...fresh(control.replicate), mask: random })
    }
    case 'magnitude-at-init':
      checkOrigin(model, mask, origin)
      return maskedTicket(model, { ...same, mask: selectCount(magnitudes(model, origin), totalKept(mask)) })
    case 'noise':
      return maskedTicket(model, {
        ...same,
        weights: noisyWeights(model, ticket.weights, control.scale, from(`noise/${control.replicate}`)),
      })
  }
}

/** A masked origin would give a control whose other weights start at zero: no control at all. */
function checkOrigin(model: Model, masks: Masks, origin: Weights): void {
  // Biases start at zero, masked or not.
  for (const { name } of prunableParameters(model).filter(({ initializer }) => initializer.kind !== 'constant')) {
    const mask = masks[name]!
    const removed = [...mask.keys()].filter((i) => mask[i] === 0)
    if (removed.length > 0 && removed.every((i) => origin[name]![i] === 0)) {
      throw new UserError(
        `The origin of this control is zero where ${name} was pruned; give the weights from before masking, such as initialWeights(model, seed).`,
      )
    }
  }
}

function shuffledMasks(masks: Masks, from: Streams): Masks {
  return Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, from(name).shuffle(mask.slice())]))
}

function randomMasks(
  model: Model,
  masks: Masks,
  kind: 'random-layerwise' | 'random-uniform' | 'random-global',
  from: Streams,
): Masks {
  const parameters = prunableParameters(model)
  const total = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const kept = totalKept(masks)
  if (kind === 'random-global') {
    // One permutation over all weights, cut into the parameters.
    const all = from('all').shuffle(firstOnes(total, kept))
    let start = 0
    return Object.fromEntries(
      parameters.map(({ name, shape }) => {
        const size = sizeOf(shape)
        start += size
        return [name, all.slice(start - size, start)]
      }),
    )
  }
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const size = sizeOf(shape)
      const count = kind === 'random-uniform' ? Math.round((kept / total) * size) : countKept(masks[name]!)
      return [name, from(name).shuffle(firstOnes(size, count))]
    }),
  )
}

/** Only what starts from a normal distribution gets noise: kernels, not biases or batch norm. */
function noisyWeights(model: Model, weights: Weights, scale: number, from: Streams): Weights {
  return Object.fromEntries(
    model.parameters.map(({ name, initializer }) => {
      const values = weights[name]!
      if (initializer.kind !== 'normal') return [name, values]
      const noise = from(name).normals(values.length)
      return [name, values.map((weight, i) => weight + scale * initializer.std * noise[i]!)]
    }),
  )
}

function firstOnes(size: number, count: number): Uint8Array {
  return new Uint8Array(size).fill(1, 0, count)
}

function totalKept(masks: Masks): number {
  return Object.values(masks).reduce((sum, mask) => sum + countKept(mask), 0)
}
