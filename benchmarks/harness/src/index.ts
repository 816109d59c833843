/** The harness: experiments expand to stages, a store remembers them, claims turn results into verdicts. */
export type { Claim, ClaimRecord, Finding, Results, Row, Verdict } from './claims/types.js'
export { PROFILES, type Profile } from './experiment/profile.js'
export type { Benchmark, Cell, Experiment, Settings } from './experiment/types.js'
export { canonicalJson, type Json, type JsonObject, toJsonObject } from './stage/json.js'
export type {
  Cache,
  Cost,
  Identity,
  Progress,
  Stage,
  StageContext,
  StageIdentity,
  StageInput,
  StageKind,
  StageOutcome,
} from './stage/types.js'
export type { Deterministic, Observed, StageRecord, Store } from './store/types.js'
