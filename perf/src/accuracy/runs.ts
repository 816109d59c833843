/** One training run of either side. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClassificationData, classificationTask, denseTicket, model, recipe, train } from '@winning-tickets/core'
import { createEngine } from '@winning-tickets/jit'
import { peerEnvironment } from '../measure.js'
import { lastLineOf } from './process.js'
import type { AccuracyRecipe } from './recipe.js'

export interface RunResult {
  /** Of the final weights on all test images, a fraction. */
  readonly testAccuracy: number
  readonly testLoss: number
  /** Engine or library. */
  readonly version: string
}

const THREADS = 2

/** `train` of core, as every experiment calls it; test accuracy of the final weights. */
export async function runOurs(data: ClassificationData, given: AccuracyRecipe, seed: number): Promise<RunResult> {
  const { flip, pad, mean, std, momentum, weightDecay, learningRate, iterations, batchSize, drops } = given
  const engine = await createEngine({ threads: THREADS })
  try {
    const network = model(given.model)
    const { final } = await train({
      model: network,
      task: classificationTask(data, { mean: [...mean], std: [...std], augment: { flip, pad } }),
      ticket: denseTicket(network, seed),
      recipe: recipe({
        optimizer: { name: 'sgd', momentum, weightDecay },
        learningRate,
        schedule: { name: 'steps', at: [...drops] },
        iterations,
        batchSize,
        evaluateEvery: iterations,
      }),
      seed,
      engine,
    })
    const { test } = final.metrics
    return { testAccuracy: test.accuracy!, testLoss: test.loss, version: engine.description }
  } finally {
    await engine.dispose()
  }
}

/** The bytes that our loader decoded, in files of their own, for as long as `use` takes. */
export async function withDumpedData<Result>(
  data: ClassificationData,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'winning-tickets-accuracy-'))
  try {
    for (const split of ['train', 'test'] as const) {
      const { images, labels } = data.splits[split]
      await writeFile(join(folder, `${split}-images`), images)
      await writeFile(join(folder, `${split}-labels`), labels)
    }
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The same recipe on the same bytes in PyTorch: perf/peer/accuracy.py. */
export async function runPeer(python: string, folder: string, given: AccuracyRecipe, seed: number): Promise<RunResult> {
  const script = fileURLToPath(new URL('../../peer/accuracy.py', import.meta.url))
  const answer = await lastLineOf(
    python,
    [script, folder, JSON.stringify(given), String(seed)],
    peerEnvironment(THREADS),
  )
  return JSON.parse(answer) as RunResult
}
