/** An experiment: a paper's grid of runs at three sizes, and the module by which a benchmark folder offers it. */
import type { Claim } from '../claims/types.js'
import type { Stage, StageKind } from '../stage/types.js'
import type { Profile } from './profile.js'

/** What every experiment's settings have. */
export interface Settings {
  /** The last of the seeds 1, 2 ... that are planned. `--seeds` replaces it. */
  readonly seeds: number
  readonly dataset: { readonly name: string; readonly note?: string }
  /** How the profile differs from the paper's setting, a sentence each; the report shows them. */
  readonly deviations?: readonly string[]
}

/** One run of the grid and the stage that measures it. Cells may share a stage. */
export interface Cell {
  readonly arm: string
  readonly level: number
  /** K/N, in 0..1. */
  readonly density: number
  readonly seed: number
  readonly stage: Stage
  /** Which of its stage's `parts` the row's metrics are, where a stage measures several cells; else they are its `metrics`. */
  readonly part?: string
  /** Under which name the row's metrics have the stage's `layers`, too: "maskOverlap" gives "maskOverlap/conv1.kernel". */
  readonly layered?: string
}

export interface Experiment<S extends Settings = Settings> {
  /** The paper's short name: "imp". */
  readonly name: string
  readonly title: string
  readonly profiles: Readonly<Record<Profile, S>>
  plan(settings: S): Promise<readonly Cell[]>
}

/** What a module named by `"winning-tickets": {"benchmark": ...}` in a package.json exports as `benchmark`. */
export interface Benchmark {
  readonly experiments: readonly Experiment[]
  readonly claims: readonly Claim[]
  /** Kinds of stage of its own, beyond the harness's. */
  readonly kinds: readonly StageKind[]
}
