/** Checking a run's options and making what it needs: compiled graphs, batches, evaluators. */
import type { CompiledLoop, HostTree } from '@winning-tickets/jit'
import { compileTraining } from '../compile/index.js'
import { UserError } from '../errors.js'
import { type DensityRecord, densityRecord } from '../masks/index.js'
import { dropoutDraws } from '../models/index.js'
import { streams } from '../random/index.js'
import { type Optimizer, optimizer } from '../recipes/index.js'
import type { BatchSource, Evaluator, SplitName } from '../tasks/index.js'
import { checkTicket } from '../tickets/index.js'
import type { TrainOptions } from './result.js'

export interface Run {
  readonly options: TrainOptions
  readonly rule: Optimizer
  readonly loop: CompiledLoop
  readonly source: BatchSource
  readonly resident: HostTree
  /** Which units stay at any steps, for models with dropout. */
  readonly stay?: (iteration: number, steps: number) => HostTree
  readonly evaluators: Readonly<Record<SplitName, Evaluator>>
  readonly density: DensityRecord
  readonly keepAt: ReadonlySet<number>
  /** When this process took up the run (ms), and the steps it has done since. */
  readonly pace: { readonly since: number; steps: number; stepsPerCall: number }
}

/** @throws UserError for a ticket that does not fit the model, or iterations outside the run */
export async function prepare(options: TrainOptions): Promise<Run> {
  const { model, task, ticket, recipe, seed, engine } = options
  checkTicket(model, ticket)
  checkIterations(options)

  const { batchSize } = recipe
  const { objective } = task
  const source = task.source({ model, engine, streams: streams(seed), batchSize })
  const loop = await compileTraining(engine, {
    model,
    objective,
    optimizer: recipe.optimizer,
    batchSize,
    masked: ticket.mask !== undefined,
  })
  const stay = dropoutDraws(model, streams(seed), batchSize)
  const evaluator = (split: SplitName): Promise<Evaluator> => task.evaluator({ model, engine, split })
  const masks = Object.entries(ticket.mask ?? {}).map(([name, mask]) => [name, Float32Array.from(mask)])
  return {
    options,
    rule: optimizer(recipe.optimizer),
    loop,
    source,
    resident: { data: source.kind === 'resident' ? source.resident : {}, masks: Object.fromEntries(masks) },
    ...(stay && { stay }),
    evaluators: {
      train: await evaluator('train'),
      validation: await evaluator('validation'),
      test: await evaluator('test'),
    },
    density: densityRecord(model, ticket.mask),
    keepAt: new Set(options.keepAt),
    pace: { since: performance.now(), steps: 0, stepsPerCall: 10 },
  }
}

function checkIterations({ ticket, recipe, keepAt = [] }: TrainOptions): void {
  const { iterations } = recipe
  if (!Number.isInteger(ticket.step) || ticket.step < 0 || ticket.step > iterations) {
    throw new UserError(
      `The ticket starts at iteration ${ticket.step}, but the recipe has iterations 0 to ${iterations}; raise iterations or rewind earlier.`,
    )
  }
  const wrong = keepAt.find((at) => !Number.isInteger(at) || at < ticket.step || at > iterations)
  if (wrong !== undefined) {
    throw new UserError(
      `The rewind point ${wrong} is not among the run's iterations ${ticket.step} to ${iterations}; choose one that is.`,
    )
  }
}
