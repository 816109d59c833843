/** The harness: experiments expand to stages, a store remembers them, claims turn results into verdicts. */

export { groupsOf, networksOf } from './claims/networks.js'
export { estimateOf, meanOf, type NetworkPart, overNetworks, pair } from './claims/over-networks.js'
export { difference, levelNear, levelsOf, logRatio, type PerSeed, paired, perSeed, rowsOf } from './claims/query.js'
export { needs, points, spoken } from './claims/told.js'
export type { Claim, ClaimRecord, Environment, Finding, Results, Row, Verdict } from './claims/types.js'
export { committedResults } from './evidence/results.js'
export { type ExecuteOptions, type ExecutionEvent, execute, type Summary } from './execute/index.js'
export { datasetOf } from './experiment/dataset.js'
export { reportFolders } from './experiment/discover.js'
export { PROFILES, type Profile } from './experiment/profile.js'
export { seedsUpTo } from './experiment/seeds.js'
export type { Benchmark, Cell, Experiment, Settings } from './experiment/types.js'
export * from './kinds/index.js'
export * from './report/index.js'
export * from './stage/index.js'
export * from './statistics/index.js'
export {
  type Deterministic,
  type Observed,
  openStore,
  type StageRecord,
  type Store,
  StoreError,
  storeLocation,
} from './store/index.js'
