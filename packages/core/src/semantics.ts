/** Versions of the host-side rules that can change numbers: part of every stage's id. */

/**
 * One integer for each rule that no traced graph contains. Whoever changes a rule so that numbers change raises its
 * integer; `semantics.test.ts` notices and names it.
 */
export const coreSemantics = {
  /** Threefry streams by name, and the draws made from them. */
  generator: 1,
  /** Which stream draws which parameter, and from which distribution. */
  initialisation: 1,
  /** Permutations and batches of an epoch. */
  dataOrder: 1,
  /** Division into train and validation. */
  split: 1,
  /** K = round(density * N), ties by flat index; and the rules that compare with a threshold. */
  topK: 1,
  /** Learning rates and the optimizers' numbers of a step. */
  schedule: 1,
  /** Which evaluation is the early-stop iteration. */
  earlyStop: 1,
} as const satisfies Record<string, number>
