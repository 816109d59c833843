/** Rows of results, claims of a paper over them, and the verdicts. */
import type { Profile } from '../experiment/profile.js'
import type { NeuronSums } from '../kinds/neurons.js'

/** One run of a grid: where it stands and what it measured. */
export interface Row {
  /** "ticket", "reinit", "dense" ... */
  readonly arm: string
  /** Rounds of pruning; 0 is the dense network. */
  readonly level: number
  /** K/N, in 0..1. */
  readonly density: number
  readonly seed: number
  readonly metrics: Readonly<Record<string, number>>
  /** The stage that measured it, so that every figure leads back to a record. */
  readonly stageId: string
}

/** Where runs were made, as their records observed it: shown to readers, never compared. */
export interface Environment {
  readonly cpu: string
  readonly engine: string
  readonly node: string
  /** Runs made there, and their wall clock in seconds, one after the other. */
  readonly runs: number
  readonly seconds: number
}

/** What masks keep of each input of a network: means over seeds, at the largest density of an arm. */
export interface InputMap {
  readonly arm: string
  readonly density: number
  /** Connections of each input. */
  readonly kept: readonly number[]
  /** The mean training image, in 0..255. */
  readonly image: readonly number[]
}

/** What comes into hidden neurons and leaves them, of one seed. */
export interface NeuronMap {
  readonly arm: string
  readonly seed: number
  /** By the name of a saliency. */
  readonly saliencies: Readonly<Record<string, NeuronSums>>
}

/** The rows of one experiment at one profile; every seed in them has all its cells. */
export interface Results {
  readonly paper: string
  /** One line for headings: the experiment's title. */
  readonly title: string
  readonly profile: Profile
  /** `note` says what a reader must know: synthetic, an extract, recompressed. */
  readonly dataset: { readonly name: string; readonly note?: string }
  /** How the profile differs from the paper's setting, a sentence each. */
  readonly deviations?: readonly string[]
  readonly rows: readonly Row[]
  /** Where stages keep them, and their artifacts are there. */
  readonly maps?: readonly InputMap[]
  readonly neurons?: readonly NeuronMap[]
  readonly environments?: readonly Environment[]
}

export type Verdict = 'supported' | 'contradicted' | 'inconclusive'

export interface Finding {
  readonly verdict: Verdict
  /** In the claim's unit; null where it cannot be computed (no seed, a single seed's interval ...). */
  readonly effect: number | null
  /** Ends of the interval. */
  readonly low: number | null
  readonly high: number | null
  readonly seeds: number
  /** The smallest effect that these seeds could have shown. */
  readonly detectable?: number
  /** One sentence for readers. */
  readonly detail: string
}

export interface Claim {
  /** The id of claims.md: "LTH-1". */
  readonly id: string
  readonly title: string
  /** The paper's own figure, in words. */
  readonly paper: string
  readonly unit: string
  /**
   * The standard deviation between seeds that an earlier run showed, from which a dry run says what could be detected: in
   * the claim's unit, or of the logarithm for a claim on a ratio.
   */
  readonly spread?: { readonly deviation: number; readonly of: 'difference' | 'ratio' }
  /** The experiment whose results it reads; by default the benchmark's first. */
  readonly experiment?: string
  check(results: Results): Finding
}

/** A claim's line in `tickets claims --json`. */
export interface ClaimRecord {
  readonly id: string
  readonly title: string
  readonly verdict: Verdict | 'not run'
  readonly profile: Profile
  readonly seeds: number
  readonly effect: number | null
  readonly low: number | null
  readonly high: number | null
  readonly detectable: number | null
  readonly unit: string
  readonly paper: string
  readonly dataset: string
  readonly detail: string
  /** Ids of the stages whose records it was judged by. */
  readonly evidence: readonly string[]
}
