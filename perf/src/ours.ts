/** Our side: the training step that `train` compiles, on synthetic images; a child process of the benchmark. */
import { createInterface } from 'node:readline'
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
import { createEngine, type HostTree } from '@winning-tickets/jit'
import type { Answer, Spec } from './side.js'

const EXAMPLES = 55_000
const network = model('lenet-300-100')
const engine = await createEngine({ threads: Number(process.env.PERF_THREADS ?? 1) })
const random = stream(0, 'perf')
const images = Uint8Array.from(random.integers(EXAMPLES * 784, 256))
const labels = Uint8Array.from(random.integers(EXAMPLES, 10))
const { optimizer: config } = recipe({ optimizer: { name: 'adam' }, learningRate: 1.2e-3, iterations: 1, batchSize: 1 })
const rule = optimizer(config)

/** A training run that goes on for as long as it is asked. */
async function makeRun({ batch, masked }: Spec) {
  const objective = classificationObjective({ shape: [784], classes: 10, examples: EXAMPLES })
  const loop = await compileTraining(engine, { model: network, objective, optimizer: config, batchSize: batch, masked })
  const mask = Object.fromEntries(
    prunableParameters(network).map(({ name, shape }) => [name, random.flags(sizeOf(shape), 0.2)]),
  )
  const weights = initialWeights(network, 0)
  const zeros = () =>
    Object.fromEntries(network.parameters.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
  let carry: HostTree = {
    parameters: masked ? maskWeights(weights, mask) : weights,
    slots: Object.fromEntries(rule.slots.map((slot) => [slot, zeros()])),
    state: {},
  }
  const masks = Object.fromEntries(Object.entries(mask).map(([name, flags]) => [name, Float32Array.from(flags)]))
  const resident = { data: { images, labels }, masks: masked ? masks : {} }
  let updates = 0
  return async (steps: number) => {
    const numbers = Array.from({ length: steps }, (_, i) => rule.scalars(1.2e-3, updates + i + 1))
    const names = Object.keys(numbers[0]!)
    const scalars = Object.fromEntries(names.map((name) => [name, Float32Array.from(numbers, (at) => at[name]!)]))
    const indices = random.integers(steps * batch, EXAMPLES)
    const began = performance.now()
    const out = await loop.run({ carry, each: { scalars, batch: { indices } }, resident }, steps)
    const seconds = (performance.now() - began) / 1000
    carry = { ...out.carry, state: {} }
    updates += steps
    return steps / seconds
  }
}

const runs = new Map<string, Awaited<ReturnType<typeof makeRun>>>()
for await (const line of createInterface({ input: process.stdin })) {
  const spec = JSON.parse(line) as Spec
  const key = JSON.stringify([spec.batch, spec.masked])
  if (!runs.has(key)) runs.set(key, await makeRun(spec))
  const rates: number[] = []
  // Calls of 100 steps, as `train` makes them between two validations.
  for (let i = 0; i < spec.repeats; i++) {
    let seconds = 0
    for (let done = 0; done < spec.steps; done += 100) seconds += 100 / (await runs.get(key)!(100))
    rates.push(spec.steps / seconds)
  }
  const peak = process.resourceUsage().maxRSS / 1024
  const answer: Answer = { steps_per_second: rates, version: engine.description, peak_mb: peak }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
