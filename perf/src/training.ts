/** Our training step: the loop that `train` compiles, on synthetic images. */
import { randomFillSync } from 'node:crypto'
import {
  classificationObjective,
  compileTraining,
  initialWeights,
  maskWeights,
  model,
  optimizer,
  prunableParameters,
  recipe,
  sizeOf,
  stream,
} from '@winning-tickets/core'
import type { Engine, HostTree } from '@winning-tickets/jit'
import type { Run, TrainWork } from './work.js'

/** As in `train`: a call takes less than a second, and at most the steps between two evaluations. */
const CALL_SECONDS = 0.8
const CALL_STEPS = 100
const CLASSES = 10

/** A training run that goes on for as long as it is asked. */
export async function trainingRun(engine: Engine, work: TrainWork): Promise<Run> {
  const { batch: batchSize, examples, masked } = work
  const { learningRate } = work.optimizer
  const network = model(work.model)
  const random = stream(0, 'perf')
  const { optimizer: config } = recipe({ optimizer: ruleOf(work), learningRate, iterations: 1, batchSize: 1 })
  const rule = optimizer(config)
  const objective = classificationObjective({ shape: network.inputShape, classes: CLASSES, examples })
  const loop = await compileTraining(engine, { model: network, objective, optimizer: config, batchSize, masked })

  const mask = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [name, random.flags(sizeOf(shape), 0.2)]),
  )
  const weights = initialWeights(network, 0)
  const trained = network.parameters.filter(({ trainable }) => trainable)
  const zeros = () => Object.fromEntries(trained.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
  let carry: HostTree = {
    parameters: masked ? maskWeights(weights, mask) : weights,
    slots: Object.fromEntries(rule.slots.map((slot) => [slot, zeros()])),
    state: {},
  }
  const masks = Object.fromEntries(Object.entries(mask).map(([name, flags]) => [name, Float32Array.from(flags)]))
  const images = randomFillSync(new Uint8Array(examples * sizeOf(network.inputShape)))
  const labels = Uint8Array.from(random.integers(examples, CLASSES))
  const resident = { data: { images, labels }, masks: masked ? masks : {} }
  let updates = 0

  /** Seconds of a call. */
  async function call(steps: number): Promise<number> {
    const numbers = Array.from({ length: steps }, (_, i) => rule.scalars(learningRate, updates + i + 1))
    const names = Object.keys(numbers[0]!)
    const scalars = Object.fromEntries(names.map((name) => [name, Float32Array.from(numbers, (at) => at[name]!)]))
    const indices = random.integers(steps * batchSize, examples)
    const began = performance.now()
    const out = await loop.run({ carry, each: { scalars, batch: { indices } }, resident }, steps)
    const seconds = (performance.now() - began) / 1000
    const loss = (out.out.loss as Float32Array).at(-1)!
    if (!Number.isFinite(loss)) throw new Error(`a step gave the loss ${loss}, so its time means nothing`)
    carry = { ...out.carry, state: {} }
    updates += steps
    return seconds
  }

  let pace = 1
  return {
    parameters: trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    async seconds(steps) {
      let sum = 0
      for (let done = 0; done < steps; ) {
        const now = Math.min(pace, steps - done)
        const seconds = await call(now)
        pace = Math.min(CALL_STEPS, Math.max(1, Math.floor((CALL_SECONDS * now) / seconds)))
        sum += seconds
        done += now
      }
      return sum
    },
  }
}

function ruleOf({ optimizer: rule }: TrainWork) {
  return rule.name === 'adam' ? { name: rule.name } : { name: rule.name, momentum: rule.momentum }
}
