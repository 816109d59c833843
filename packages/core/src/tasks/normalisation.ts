/** Means and standard deviations that papers normalise by; CIFAR-10 alone has four sets (trap T12, claims.md 9.1). */

/** After scaling pixels to [0, 1]: one number, or one a channel (red, green, blue). */
export interface Normalisation {
  readonly mean: number[]
  readonly std: number[]
}

/** Experiments write the numbers, not the name, into their config, which is hashed. */
export const normalisations = {
  mnist: { mean: [0.1307], std: [0.3081] },
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
  cifar100: { mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] },
  /** SynFlow's for CIFAR-10. */
  synflow: { mean: [0.491, 0.482, 0.447], std: [0.247, 0.243, 0.262] },
  /** One half everywhere: Morcos et al. for all their sets (claims.md 2.b). */
  morcos: { mean: [0.5], std: [0.5] },
} satisfies Record<string, Normalisation>
