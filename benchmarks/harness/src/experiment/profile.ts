/** The sizes an experiment comes in. */

/** `smoke`: CI, minutes. `small`: a 2-core machine, hours. `paper`: the paper's setting. From small to large. */
export const PROFILES = ['smoke', 'small', 'paper'] as const
export type Profile = (typeof PROFILES)[number]
