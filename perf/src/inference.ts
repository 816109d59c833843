/** Our inference: bytes in, logits out, batch norm by its running statistics. */
import { randomFillSync } from 'node:crypto'
import { initialWeights, model, sizeOf, type TensorRecord } from '@winning-tickets/core'
import type { Engine, tf } from '@winning-tickets/jit'
import type { InferWork, Run } from './work.js'

/** Runs over the images batch by batch, as evaluation does. */
export async function inferenceRun(engine: Engine, { model: name, batch, examples }: InferWork): Promise<Run> {
  const network = model(name)
  const row = sizeOf(network.inputShape)
  const float = (shape: readonly number[]) => ({ shape, dtype: 'float32' }) as const
  const graph = await engine.compile(
    ({ parameters, images }) => {
      const scaled = (images as tf.Tensor).cast('float32').mul(1 / 255)
      return { logits: network.apply(parameters as TensorRecord, scaled, { training: false }).output }
    },
    {
      parameters: Object.fromEntries(network.parameters.map((parameter) => [parameter.name, float(parameter.shape)])),
      images: { shape: [batch, row], dtype: 'uint8' },
    },
  )
  const parameters = initialWeights(network, 0)
  const data = randomFillSync(new Uint8Array(examples * row))
  let at = 0
  return {
    parameters: network.parameters.reduce((sum, { trainable, shape }) => sum + (trainable ? sizeOf(shape) : 0), 0),
    async seconds(steps) {
      let check = 0
      const began = performance.now()
      for (let step = 0; step < steps; step++) {
        if (at + batch > examples) at = 0
        const images = data.subarray(at * row, (at + batch) * row)
        const { logits } = await graph.run({ parameters, images })
        check = (logits as Float32Array)[0]!
        at += batch
      }
      const seconds = (performance.now() - began) / 1000
      if (!Number.isFinite(check)) throw new Error(`a step gave the logit ${check}, so its time means nothing`)
      return seconds
    },
  }
}
