/** Interrupted and resumed runs give the bits of an uninterrupted one; wrong checkpoints are refused. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine } from '@winning-tickets/jit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  classificationTask,
  initialWeights,
  magnitudes,
  maskedTicket,
  model,
  type RecipeInput,
  readSafetensors,
  recipe,
  type StoredTensor,
  select,
  type TrainOptions,
  type TrainResult,
  train,
  UserError,
  writeSafetensors,
} from '../index.js'
import { blobs } from '../testing/index.js'

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'))
afterAll(() => rmSync(folder, { recursive: true }))
let engine: Engine
beforeAll(async () => {
  engine = await createEngine()
})

const network = model('lenet-300-100', { inputShape: [16], hidden: [10], classes: 4 })
const weights = initialWeights(network, 1)
const mask = select(magnitudes(network, weights), { scope: 'global', density: 0.6 })
const ticket = maskedTicket(network, { mask, weights, step: 0, provenance: {} })
const task = classificationTask(blobs({ noise: 150, counts: { train: 70, validation: 60, test: 60 } }))
const steps: RecipeInput = {
  optimizer: { name: 'adam' },
  learningRate: 0.04,
  schedule: { name: 'steps', at: [60] },
  warmup: 15,
  iterations: 130,
  batchSize: 30,
  evaluateEvery: 10,
}

const run = (options: Partial<TrainOptions> = {}, given: Partial<RecipeInput> = {}): Promise<TrainResult> =>
  train({
    model: network,
    task,
    ticket,
    recipe: recipe({ ...steps, ...given }),
    seed: 3,
    engine,
    keepAt: [25],
    ...options,
  })

/** Aborts at the first progress report at or after an iteration. */
async function interrupt(path: string, at: number, options: Partial<TrainOptions> = {}): Promise<void> {
  const controller = new AbortController()
  const onProgress: TrainOptions['onProgress'] = ({ iteration }) => {
    if (iteration >= at) controller.abort(new Error('stopped'))
  }
  const checkpoint = { path, everyEvaluations: 1000 }
  await expect(run({ checkpoint, signal: controller.signal, onProgress, ...options })).rejects.toThrow('stopped')
  expect(existsSync(path)).toBe(true)
}

describe('a run that was stopped', () => {
  test('anywhere, even twice, continues to the bits of one that was not', async () => {
    const whole = await run()
    for (const [i, at] of [1, 25, 77, 119].entries()) {
      const path = join(folder, `${i}.safetensors`)
      await interrupt(path, at)
      if (at < 100) await interrupt(path, 100)
      expect(await run({ checkpoint: { path } })).toEqual(whole)
    }
    expect(whole.kept[25]!.step).toBe(25)
    expect(whole.earlyStop.iteration).toBeLessThan(130)
  })

  test('by a crash continues from the last regular checkpoint', async () => {
    const path = join(folder, 'crash.safetensors')
    const seen: number[] = []
    const crashing = run({
      checkpoint: { path, everyEvaluations: 4 },
      onProgress: ({ iteration }) => {
        if (iteration >= 70) throw new Error('crash')
      },
    })
    await expect(crashing).rejects.toThrow('crash')
    const result = await run({ checkpoint: { path }, onProgress: ({ iteration }) => seen.push(iteration) })
    // Evaluations 4 and 8 are iterations 40 and 80: the file is from 40.
    expect(seen[0]).toBeGreaterThan(40)
    expect(seen[0]).toBeLessThanOrEqual(50)
    expect(result).toEqual(await run())
  })

  test('before its first step has a checkpoint, too', async () => {
    const path = join(folder, 'early.safetensors')
    const signal = AbortSignal.abort(new Error('at once'))
    await expect(run({ checkpoint: { path }, signal })).rejects.toThrow('at once')
    expect(await run({ checkpoint: { path } })).toEqual(await run())
  })
})

describe('a checkpoint is refused', () => {
  test('if anything that decides the numbers differs, by name', async () => {
    const path = join(folder, 'mine.safetensors')
    await interrupt(path, 20)
    const checkpoint = { path }
    await expect(run({ checkpoint, seed: 4 })).rejects.toThrow('another run (different seed)')
    await expect(run({ checkpoint }, { learningRate: 0.1 })).rejects.toThrow('(different recipe)')
    await expect(run({ checkpoint, keepAt: [] })).rejects.toThrow('(different keepAt)')
    const other = { ...ticket, weights: initialWeights(network, 2) }
    await expect(run({ checkpoint, ticket: other })).rejects.toThrow('(different ticket)')
    const eager = await createEngine({ name: 'tensorflow' })
    await expect(run({ checkpoint, engine: eager })).rejects.toThrow('(different engine)')
    await expect(run({ checkpoint, seed: 4 })).rejects.toThrow(UserError)
  })

  test('if it is damaged or of another kind', async () => {
    const path = join(folder, 'damaged.safetensors')
    await interrupt(path, 20)
    const bytes = await readFile(path)
    const { tensors, metadata } = await readSafetensors(path)
    await writeFile(path, bytes.subarray(0, bytes.length - 8))
    await expect(run({ checkpoint: { path } })).rejects.toThrow(UserError)
    await writeSafetensors(path, tensors, { ...metadata, state: '{}' })
    await expect(run({ checkpoint: { path } })).rejects.toThrow('damaged checkpoint')
    await writeSafetensors(path, tensors, { format: 'other' })
    await expect(run({ checkpoint: { path } })).rejects.toThrow('not a checkpoint of this version')
  })

  test.each(['weights/fc1.kernel', 'curve/iteration', 'curve/trainLoss'])(
    'if %s is missing, or of another type or size',
    async (name) => {
      const path = join(folder, `wrong-${name.replace('/', '-')}.safetensors`)
      await interrupt(path, 20)
      const { tensors, metadata } = await readSafetensors(path)
      const { [name]: good, ...rest } = tensors
      const { length } = good!.data
      const wrong: readonly StoredTensor[] = [
        { dtype: 'float64', shape: [length], data: new Float64Array(length) },
        { dtype: 'float32', shape: [length + 1], data: new Float32Array(length + 1) },
      ]
      for (const more of [{}, ...wrong.map((tensor) => ({ [name]: tensor }))]) {
        await writeSafetensors(path, { ...rest, ...more }, metadata)
        await expect(run({ checkpoint: { path } })).rejects.toThrow('damaged checkpoint')
      }
    },
  )

  test('if it has state that the task does not carry', async () => {
    const path = join(folder, 'carried.safetensors')
    await interrupt(path, 20)
    const { tensors, metadata } = await readSafetensors(path)
    const more: StoredTensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) }
    await writeSafetensors(path, { ...tensors, 'carried/h': more }, metadata)
    await expect(run({ checkpoint: { path } })).rejects.toThrow('damaged checkpoint')
  })
})

describe('rewinding', () => {
  const fresh = (result: TrainResult) => {
    const { weights: kept, step } = result.kept[25]!
    return { ...ticket, weights: kept, step }
  }

  test('with the optimizer’s state, training on from step k is the rest of the same run', async () => {
    const whole = await run()
    const { optimizer } = whole.kept[25]!
    const rest = await run({ ticket: { ...fresh(whole), optimizer }, keepAt: [] })
    expect(rest.final).toEqual(whole.final)
    expect([...rest.curves.iteration]).toEqual([25, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130])
    expect(rest.curves.validationLoss.slice(2)).toEqual(whole.curves.validationLoss.slice(4))
  })

  test('with a fresh state, which is the default, it is not', async () => {
    const whole = await run()
    const rest = await run({ ticket: fresh(whole), keepAt: [] })
    expect(rest.final.weights).not.toEqual(whole.final.weights)
    expect(rest.final.optimizer.updates).toBe(105)
  })

  test('the state of another optimizer is refused', async () => {
    const whole = await run()
    const { optimizer } = whole.kept[25]!
    const sgd = run({ ticket: { ...fresh(whole), optimizer }, keepAt: [] }, { optimizer: { name: 'sgd' } })
    await expect(sgd).rejects.toThrow('the state of the optimizer adam')
  })
})
