/** What a paper's package exports: one method, that finds tickets. */
import type { Engine } from '@winning-tickets/jit'
import type { z } from 'zod'
import type { Masks, Scope, Scores } from '../masks/index.js'
import type { Model, Weights } from '../models/index.js'
import type { Streams } from '../random/index.js'
import type { Recipe } from '../recipes/index.js'
import type { Task } from '../tasks/index.js'
import type { Ticket } from '../tickets/index.js'
import type { Progress } from '../train/index.js'

export interface MethodContext {
  readonly model: Model
  readonly task: Task
  /** How networks are trained on the way. */
  readonly recipe: Recipe
  /** Root seed of initialisation, data order and all else. */
  readonly seed: number
  readonly engine: Engine
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

export interface Method<Options> {
  readonly name: string
  /** Checks options and writes out their defaults. */
  readonly options: z.ZodType<Options>
  findTicket(context: MethodContext, options: Options): Promise<Ticket>
}

export interface ScoreContext {
  readonly model: Model
  readonly task: Task
  readonly engine: Engine
  /** For scoring batches: streams of the seed. */
  readonly streams: Streams
  /** The weights that will be trained (trap T4), zero where masked. */
  readonly weights: Weights
  readonly mask: Masks
}

/** Options that all scoring methods share. */
export interface ScoringOptions {
  /** The density that is wanted. */
  readonly density: number
  /** Rounds of scoring and pruning, on an exponential schedule of densities. */
  readonly rounds: number
  readonly scope: Scope
}

/** A method that ranks weights by a score, without training. */
export interface ScoringMethod<Options extends ScoringOptions> extends Method<Options> {
  /** One number for each prunable weight; the largest are kept. */
  score(context: ScoreContext, options: Options): Promise<Scores>
}
