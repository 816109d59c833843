/** Iterative magnitude pruning (Frankle & Carbin 2019, Strategies 1 and 2; claims.md 1.a), written once for any lab. */
import type { Target } from '@winning-tickets/core'

/**
 * Where training happens. The algorithm only passes on what a lab gives it: results, promises of results, or references
 * to stages that will be run elsewhere.
 */
export interface Lab<Trained, Mask> {
  /** Trains to the recipe's end; `keep` asks it to remember the network at that iteration, for rewinding. */
  train(start: Start<Trained, Mask>, keep?: number): Trained
  /** Keeps the largest trained weights, among those the mask still has, as many as the target says. */
  prune(trained: Trained, mask: Mask | undefined, target: Target): Mask
}

/** What a training run begins with: a mask (none for the dense network), and the weights under it. */
export interface Start<Trained, Mask> {
  readonly mask?: Mask
  /** theta_0; or theta_k of a run that kept it, training on from k; or the final weights of a run, training from 0. */
  readonly from: 'init' | { readonly rewindTo: number; readonly trained: Trained } | { readonly continueFrom: Trained }
}

/** One level of the ladder: level 0 is the dense network. */
export interface Level<Trained, Mask> {
  readonly level: number
  /** None at level 0. */
  readonly target?: Target
  /** The ticket: mask and starting weights. */
  readonly start: Start<Trained, Mask>
  readonly trained: Trained
}

export interface Plan {
  readonly strategy: 'iterative' | 'one-shot' | 'continued'
  /** What is kept at level 1, 2, ... */
  readonly targets: readonly Target[]
  /** The iteration whose weights survivors are set back to; 0 is initialisation. */
  readonly rewindTo: number
}

export function iterativeMagnitudePruning<Trained, Mask>(
  lab: Lab<Trained, Mask>,
  { strategy, targets, rewindTo }: Plan,
): Level<Trained, Mask>[] {
  // 1. Randomly initialise a network. 2. Train it.
  const dense: Start<Trained, Mask> = { from: 'init' }
  const first = lab.train(dense, rewindTo > 0 ? rewindTo : undefined)
  const levels: Level<Trained, Mask>[] = [{ level: 0, start: dense, trained: first }]

  let trained = first
  let mask: Mask | undefined
  for (const [i, target] of targets.entries()) {
    // 3. Prune the smallest of the weights that are left (one-shot: of all weights, after the first training).
    mask = strategy === 'one-shot' ? lab.prune(first, undefined, target) : lab.prune(trained, mask, target)
    // 4. Reset the survivors: this is the ticket. Train it.
    const start: Start<Trained, Mask> = { mask, from: rewindTo > 0 ? { rewindTo, trained: first } : 'init' }
    const ticket = lab.train(start)
    levels.push({ level: i + 1, target, start, trained: ticket })
    // 5. Repeat from the trained ticket; Strategy 2 repeats from the trained weights, pruned and trained on instead.
    trained =
      strategy === 'continued' && i < targets.length - 1 ? lab.train({ mask, from: { continueFrom: trained } }) : ticket
  }
  return levels
}
