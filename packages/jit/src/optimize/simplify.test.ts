/** What looks alike and is not must stay apart. */
import { expect, it } from 'vitest'
import { createEngine, type TensorSpec } from '../index.js'
import { tf } from '../tf.js'

const spec = (...shape: number[]): TensorSpec => ({ shape, dtype: 'float32' })
const signature = { x: spec(5, 6), a: spec(6, 6), b: spec(6, 6), c: spec(6, 6) }
const values = (size: number, seed: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 1.7 * i))
const inputs = { x: values(30, 1), a: values(36, 2), b: values(36, 3), c: values(36, 4) }

type Inputs = { readonly [Name in keyof typeof signature]: tf.Tensor2D }

/** Layers of one width, computed twice: each ReLU occurs two times, and all masks of gradients have one shape. */
function outputsAndGradients({ x, a, b, c }: Inputs): Record<string, tf.Tensor> {
  const network = (first: tf.Tensor, second: tf.Tensor) => tf.relu(x.matMul(first)).matMul(second).relu().matMul(c)
  const loss = (...[first, second]: tf.Tensor[]) => tf.sum(tf.square(network(first!, second!)))
  const [da, db] = tf.grads(loss)([a, b])
  return { outputs: network(a, b), da: da!, db: db! }
}

it('gradients are right where a graph computes a network twice', async () => {
  const [compiled, reference] = await Promise.all(
    [await createEngine(), await createEngine({ name: 'tensorflow' })].map(async (engine) => {
      const step = await engine.compile(outputsAndGradients as never, signature)
      return (await step.run(inputs)) as Record<string, Float32Array>
    }),
  )
  for (const [name, expected] of Object.entries(reference!)) {
    const largest = Math.max(...expected.map(Math.abs))
    const difference = Math.max(...expected.map((value, i) => Math.abs(value - compiled![name]![i]!)))
    expect(difference / largest, name).toBeLessThan(1e-6)
  }
})
