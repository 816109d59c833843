/**
 * Gradients and Hessian-vector products of every model in the registry: in doubles against central differences and against
 * PyTorch in float64 (fixtures/make_models.py), and in single precision against those doubles.
 */
import { readFileSync } from 'node:fs'
import { createEngine, type HostTree, type Precision } from '@winning-tickets/jit'
import { beforeAll, describe, expect, test } from 'vitest'
import { functionsOf, inputsOf, signatureOf } from './derivatives.testing.js'
import { type Model, type ModelName, model, modelNames } from './index.js'
import { noise } from './pytorch.testing.js'

/** Of all entries together: the norm, and the sum of products with `noise('against.' + name)`. */
interface Summary {
  readonly norm: number
  readonly against: number
}
interface Tiny {
  readonly name: ModelName
  readonly options: object
  readonly loss: number
  readonly gradient: Summary
  readonly curvature: Summary
}

const { every } = JSON.parse(readFileSync(new URL('../../fixtures/models.json', import.meta.url), 'utf8')) as {
  readonly every: readonly Tiny[]
}
const labels = [1, 3, 0]

type Numbers = Readonly<Record<string, Float64Array>>
interface Derivatives {
  readonly loss: number
  readonly gradients: Numbers
  readonly curvature: Numbers
}

async function derivativesOf(network: Model, precision: Precision) {
  const engine = await createEngine({ precision })
  const graph = await engine.compile(functionsOf(network).derivatives, signatureOf(network, labels.length))
  const run = async (inputs: HostTree): Promise<Derivatives> => {
    const { loss, gradients, curvature } = await graph.run(inputs)
    return { loss: (loss as Float64Array)[0]!, gradients: gradients as Numbers, curvature: curvature as Numbers }
  }
  return { run, dispose: () => engine.dispose() }
}

const map = (numbers: Numbers, to: (value: number, name: string, i: number) => number): Numbers =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, values]) => [
      name,
      new Float64Array(values).map((value, i) => to(value, name, i)),
    ]),
  )
const minus = (a: Numbers, b: Numbers): Numbers => map(a, (value, name, i) => value - b[name]![i]!)
const entries = (numbers: Numbers): number[] => Object.values(numbers).flatMap((values) => Array.from(values))
const dot = (a: Numbers, b: Numbers): number =>
  Object.entries(a).reduce((all, [name, values]) => all + values.reduce((sum, x, i) => sum + x * b[name]![i]!, 0), 0)
const norm = (numbers: Numbers): number => Math.sqrt(dot(numbers, numbers))
const largest = (values: Iterable<number>): number => {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  return most
}
const noiseLike = (prefix: string, like: Numbers): Numbers =>
  Object.fromEntries(Object.entries(like).map(([name, { length }]) => [name, noise(`${prefix}.${name}`, length)]))

/** So small that no ReLU and no maximum changes sides on the way (at 1e-5 some do), and still far above rounding. */
const STEP = 1e-7

/** Milliseconds; the deepest takes ten seconds on a quiet machine, most of it inside ONNX Runtime. */
const PATIENCE = 180_000

/**
 * ONNX Runtime takes up to half a minute to prepare graphs of their size, and they are made of the others' blocks: only with
 * THOROUGH=1, as CI has it.
 */
const LARGE: readonly ModelName[] = [
  'vgg-19',
  'resnet-32',
  'resnet-56',
  'wrn-16-10',
  'wrn-22-8',
  'preresnet-20',
  'preresnet-56',
  'preresnet-101',
  'preresnet-164',
]
/** Of these not even then in single precision. */
const LARGEST: readonly ModelName[] = ['preresnet-101', 'preresnet-164']
const thorough = process.env.THOROUGH === '1'

/** How far gradients may be from central differences, relatively: rounding, over STEP, is up to 1e-6 of it by processor. */
const TOLERANCE = 3e-6

test('every model of the registry is in the fixture', () => {
  expect(every.map(({ name }) => name).sort()).toEqual([...modelNames].sort())
})

const tested = every.filter(({ name }) => thorough || !LARGE.includes(name))

describe.each(tested.map((tiny) => [tiny.name, tiny] as const))('%s', (name, tiny) => {
  const network = (model as (name: ModelName, options: object) => Model)(name, tiny.options)
  const inputs = inputsOf(network, labels)
  const directions = map(inputs.directions as never, (value) => value)
  let at: Derivatives
  /** Each direction with the derivatives a step along it and a step back; the first is the one of the products. */
  const moved: (readonly [along: Numbers, above: Derivatives, below: Derivatives])[] = []

  beforeAll(async () => {
    const { run, dispose } = await derivativesOf(network, 'float64')
    const near = (along: Numbers, distance: number) =>
      run({
        ...inputs,
        parameters: map(inputs.parameters as never, (x, name, i) => x + distance * (along[name]?.[i] ?? 0)),
      })
    at = await run(inputs)
    for (const along of [directions, ...['one', 'two', 'three'].map((prefix) => noiseLike(prefix, directions))]) {
      moved.push([along, await near(along, STEP), await near(along, -STEP)])
    }
    await dispose()
  }, PATIENCE)

  test('gradients in doubles are the slopes of the loss', () => {
    expect(Object.keys(at.gradients).sort()).toEqual(Object.keys(directions).sort())
    for (const [along, above, below] of moved) {
      const slope = (above.loss - below.loss) / (2 * STEP)
      expect(Math.abs(slope - dot(at.gradients, along)) / norm(at.gradients)).toBeLessThan(TOLERANCE)
    }
  })

  test('Hessian-vector products in doubles are the slopes of the gradients', () => {
    const [, above, below] = moved[0]!
    const slopes = map(minus(above.gradients, below.gradients), (value) => value / (2 * STEP))
    const most = largest(entries(slopes))
    for (const [tensor, wanted] of Object.entries(slopes)) {
      // Where the loss is linear in a tensor along the direction, its product is left out.
      const found = at.curvature[tensor] ?? new Float64Array(wanted.length)
      const worst = largest(wanted.map((value, i) => value - found[i]!))
      expect(worst / Math.max(largest(wanted), 1e-3 * most), tensor).toBeLessThan(TOLERANCE)
    }
  })

  test('both are what PyTorch finds in float64', () => {
    expect(Math.abs(at.loss / tiny.loss - 1)).toBeLessThan(1e-8)
    for (const [found, wanted] of [
      [at.gradients, tiny.gradient],
      [at.curvature, tiny.curvature],
    ] as const) {
      expect(Math.abs(norm(found) / wanted.norm - 1)).toBeLessThan(1e-8)
      expect(Math.abs(dot(found, noiseLike('against', found)) - wanted.against) / wanted.norm).toBeLessThan(1e-8)
    }
  })

  test.skipIf(LARGEST.includes(name))('single precision agrees with doubles', async () => {
    const { run, dispose } = await derivativesOf(network, 'float32')
    const single = await run(inputs)
    await dispose()
    expect(Math.abs(single.loss / at.loss - 1)).toBeLessThan(1e-5)
    expect(norm(minus(single.gradients, at.gradients)) / norm(at.gradients)).toBeLessThan(1e-4)
    expect(norm(minus(single.curvature, at.curvature)) / norm(at.curvature)).toBeLessThan(1e-4)
  })
})
