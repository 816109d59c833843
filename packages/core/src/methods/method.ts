/** What a paper's package exports: methods, that find tickets. */
import type { Engine } from '@winning-tickets/jit'
import type { z } from 'zod'
import type { JsonObject } from '../config/index.js'
import type { Masks, Scores } from '../masks/index.js'
import type { Model, Weights } from '../models/index.js'
import type { Streams } from '../random/index.js'
import type { Recipe } from '../recipes/index.js'
import type { ScoringExamples, Task } from '../tasks/index.js'
import type { Ticket } from '../tickets/index.js'
import type { Progress } from '../train/index.js'
import type { ScoringOptions } from './options.js'

export interface MethodContext {
  readonly model: Model
  readonly task: Task
  /** How networks are trained on the way. */
  readonly recipe: Recipe
  /** Root seed of initialisation, data order and all else. */
  readonly seed: number
  readonly engine: Engine
  /** Of a training run on the way. */
  readonly onProgress?: (progress: Progress) => void
  /** After each round of scoring. */
  readonly onRound?: (round: Round) => void
  readonly signal?: AbortSignal
}

export interface Round {
  /** From 1 to `rounds`. */
  readonly round: number
  readonly rounds: number
  readonly density: number
}

/** A ticket and what it was chosen by. */
export interface ScoredTicket {
  readonly ticket: Ticket
  /** Of each prunable weight in the last round; the largest were kept, among those that were left. */
  readonly scores: Scores
  /** The weights that the ticket's were taken from, before masking; absent if they are the seed's initial ones. */
  readonly origin?: Weights
  /** What the scores were computed on; none if no data were needed. */
  readonly examples?: ScoringExamples
  /** What computed them, where that was an engine of the method's own. */
  readonly engine?: string
}

/**
 * A way to find tickets. A package names the module that exports `methods: readonly Method[]` in its package.json:
 * `"winning-tickets": { "methods": "./dist/index.js" }`.
 */
export interface Method<Options extends JsonObject = JsonObject> {
  /** Its name in commands and records: "snip". */
  readonly name: string
  /** Whether it trains networks on the way, by the context's recipe. */
  readonly trains: boolean
  /** Checks options and writes out their defaults. */
  readonly options: z.ZodType<Options>
  /** Options, still to be checked, that end at a density: those given, and whatever the method says a density by. */
  forDensity(density: number, given?: JsonObject): JsonObject
  findTicket(context: MethodContext, options: Options): Promise<Ticket>
  /** The same ticket, with its scores. */
  findScored(context: MethodContext, options: Options): Promise<ScoredTicket>
}

export interface ScoreContext {
  readonly model: Model
  readonly task: Task
  readonly engine: Engine
  /** For scoring batches: streams of the seed. */
  readonly streams: Streams
  /** The weights that will be trained (trap T4), zero where masked; the next round writes into the same arrays. */
  readonly weights: Weights
  readonly mask: Masks
  /** Scores of the round before, no longer needed: the new ones may be written into their arrays. */
  readonly into?: Scores
}

/** What a score function gives: the scores, and the examples that they were computed on, if any. */
export interface Scored {
  readonly scores: Scores
  readonly examples?: ScoringExamples
}

/** A method that ranks weights by a score, without training. */
export interface ScoringMethod<Options extends ScoringOptions & JsonObject> extends Method<Options> {
  /** One number for each prunable weight; the largest are kept. */
  score(context: ScoreContext, options: Options): Promise<Scored>
}
