/** What a stage is: a pure function of a config and of other stages' outputs, named by a hash of what it means. */
import type { z } from 'zod'
import type { JsonObject } from './json.js'

/** What a stage's meaning depends on besides its config, inputs and semantics; all of it goes into the id. */
export interface Identity {
  /** SHA-256 of the decoded data. */
  readonly dataHash?: string
  /** SHA-256 of each traced graph before lowering, by the name of its function ("train", "evaluate" ...). */
  readonly traceHashes?: Readonly<Record<string, string>>
}

/** A rough cost, for the order of work, the table of a dry run and the time left. */
export interface Cost {
  /** Steps as `Progress` counts them. */
  readonly steps: number
  /** Seconds on one core of the reference machine (two cores, 2020s server). */
  readonly seconds: number
}

/** The output of a finished stage, as a later stage sees it. */
export interface StageInput {
  readonly id: string
  readonly result: JsonObject
  /** The bytes of one artifact. Fails if the stage has none of that name. */
  artifact(name: string): Promise<Uint8Array>
}

/** Where a running stage is. Fields that a stage has no notion of are left out. */
export interface Progress {
  readonly step: number
  readonly steps: number
  readonly loss?: number
  /** Fraction in 0..1. */
  readonly accuracy?: number
  /** Fraction in 0..1. */
  readonly density?: number
}

/** Things that are dear to make (engines, compiled graphs, data sets), kept by a worker from stage to stage. */
export interface Cache {
  /**
   * The value kept under a key, made at the first call. The key must name everything that the value depends on.
   * Seldom used values give way to new ones and are then disposed of.
   */
  get<T extends object>(key: string, make: () => Promise<T>, dispose?: (value: T) => Promise<void>): Promise<T>
}

/**
 * Where a stage may keep a checkpoint. What it finds there is its own of an earlier attempt; the file goes when the stage
 * is done. One that cannot be continued is a `CheckpointError`: it is removed, and the stage begins anew.
 */
export interface CheckpointSlot {
  readonly path: string
  /** Seconds of work that a crash may cost. */
  readonly seconds: number
}

export interface StageContext<Config> {
  /** With every default written out. */
  readonly config: Config
  readonly inputs: Readonly<Record<string, StageInput>>
  readonly cache: Cache
  readonly checkpoint: CheckpointSlot
  progress(update: Progress): void
}

export interface StageOutcome {
  /** Must be the same whenever and wherever the stage runs. `metrics` in it become the metrics of a row, `parts` those of several. */
  readonly result: JsonObject & { readonly metrics?: Readonly<Record<string, number>> }
  /** Larger outputs by name: weights, masks, curves. */
  readonly artifacts?: Readonly<Record<string, Uint8Array>>
  /** What may differ from run to run; `engine` should describe the engine. */
  readonly observed?: JsonObject
}

/** One kind of stage. `run` reads no clock, environment or locale, and no randomness but named streams of its config. */
export interface StageKind<Config extends object = object, Input = unknown> {
  /** Unique among all benchmarks: "train", "synflow/score". */
  readonly name: string
  /** Use `z.strictObject`, so that a misspelt setting is an error, and give defaults here and nowhere else. */
  readonly schema: z.ZodType<Config, Input>
  /** An integer for each host-side rule that can change numbers; raise it when the rule changes. */
  readonly semantics: Readonly<Record<string, number>>
  /** Artifacts that committed evidence holds, by name; all others are made again when somebody needs them. */
  readonly evidence?: readonly string[]
  identity(config: Config): Promise<Identity> | Identity
  cost(config: Config): Cost
  run(context: StageContext<Config>): Promise<StageOutcome>
}

/** One node of the graph of stages. Make it with `createStage`. */
export interface Stage {
  /** SHA-256 of what the stage means; stages that mean the same have the same id and run once. */
  readonly id: string
  readonly kind: StageKind
  /** Canonical: every default written out, keys sorted. */
  readonly config: JsonObject
  readonly inputs: Readonly<Record<string, Stage>>
  readonly identity: StageIdentity
  readonly cost: Cost
  /** For people only; no part of the id. */
  readonly label: string
}

/** The parts of an id that are neither kind, config nor inputs, as they are recorded. */
export interface StageIdentity {
  readonly dataHash: string | null
  readonly traceHashes: Readonly<Record<string, string>>
  readonly semantics: Readonly<Record<string, number>>
}
