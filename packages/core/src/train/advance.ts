/** One call of the compiled loop: a few steps, at most about a second. */
import type { HostTree } from '@winning-tickets/jit'
import { UserError } from '../errors.js'
import type { Weights } from '../models/index.js'
import { learningRateAt } from '../recipes/index.js'
import type { Slots } from '../tickets/index.js'
import type { Run } from './prepare.js'
import type { RunState } from './state.js'

/** A call should last at most this long, so that progress, and a signal to stop, are never far away. */
const CALL_SECONDS = 0.8

/**
 * Goes on from a state, to iteration `stop` at most; how many steps a call has does not change the numbers.
 *
 * @returns the mean loss of the steps done
 * @throws UserError if a loss is not finite
 */
export async function advance(run: Run, state: RunState, stop: number): Promise<number> {
  const wanted = Math.min(stop - state.iteration, run.pace.stepsPerCall)
  const { steps, batches } = await nextBatches(run, state, wanted)
  const began = performance.now()
  const { carry, out } = await run.loop.run(
    {
      carry: { parameters: state.weights, slots: state.slots, state: state.carried },
      each: {
        scalars: scalarsOf(run, state, steps),
        batch: batches,
        ...(run.stay && { stay: run.stay(state.iteration, steps) }),
      },
      resident: run.resident,
    },
    steps,
  )
  const seconds = (performance.now() - began) / 1000
  run.pace.stepsPerCall = Math.max(1, Math.floor((CALL_SECONDS * steps) / seconds))
  run.pace.steps += steps

  const losses = out.loss as Float32Array
  checkFinite(losses, run, state.iteration)
  state.weights = carry.parameters as Weights
  // Branches without a tensor (plain SGD has no slots) do not come back.
  state.slots = (carry.slots ?? {}) as Slots
  state.carried = (carry.state ?? {}) as Weights
  state.iteration += steps
  state.updates += steps
  for (const loss of losses) state.window.sum += loss
  state.window.steps += steps
  return losses.reduce((sum, loss) => sum + loss, 0) / steps
}

async function nextBatches(run: Run, state: RunState, steps: number): Promise<{ steps: number; batches: HostTree }> {
  const { source } = run
  const { iteration, weights } = state
  if (source.kind === 'resident') return { steps, batches: source.batches(iteration, steps) }
  const given = await source.next({ iteration, steps, weights })
  if (!(given.steps >= 1 && given.steps <= steps)) {
    throw new RangeError(`The batch source was asked for 1 to ${steps} steps and gave ${given.steps}.`)
  }
  return given
}

/** The optimizer's numbers of each step, computed in float64. */
function scalarsOf({ rule, options }: Run, { iteration, updates }: RunState, steps: number): HostTree {
  const columns: Record<string, Float32Array> = {}
  for (let step = 0; step < steps; step++) {
    const rate = learningRateAt(iteration + step, options.recipe)
    for (const [name, value] of Object.entries(rule.scalars(rate, updates + step + 1))) {
      columns[name] ??= new Float32Array(steps)
      columns[name][step] = value
    }
  }
  return columns
}

function checkFinite(losses: Float32Array, { options }: Run, iteration: number): void {
  const bad = losses.findIndex((loss) => !Number.isFinite(loss))
  if (bad === -1) return
  const at = iteration + bad
  const rate = learningRateAt(at, options.recipe)
  throw new UserError(
    `The training loss became ${losses[bad]} at iteration ${at + 1} (learning rate ${rate}); lower the learning rate or lengthen the warm-up.`,
  )
}
