/** What of a step passes take, and what they leave. */
import { describe, expect, it } from 'vitest'
import * as lenet from '../../fixtures/lenet.mjs'
import { simplify } from '../optimize/simplify.js'
import { tf } from '../tf.js'
import { traceStep } from '../trace/trace.js'
import type { LoopSignature, StepFunction } from '../types.js'
import { splitUpdates } from './split.js'

type T = Record<string, tf.Tensor>
const spec = (...shape: number[]) => ({ shape, dtype: 'float32' as const })
const split = (step: StepFunction, signature: LoopSignature, worthwhile = 1) =>
  splitUpdates(simplify(traceStep(step, signature)), worthwhile)

/** Momentum on a weight whose gradient is a product, under a mask. */
const signature: LoopSignature = {
  carry: { w: spec(3, 5), v: spec(3, 5) },
  each: { x: spec(4, 3), y: spec(4, 5), rate: spec() },
  resident: { mask: spec(3, 5) },
}
const momentum: StepFunction = ({ carry, each, resident }) => {
  const { w, v } = carry as T
  const { x, y, rate } = each as T
  const gradient = tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, true).mul(resident.mask as tf.Tensor)
  const next = v!.mul(0.9).add(gradient)
  return {
    carry: { w: w!.sub(next.mul(rate!)), v: next },
    out: { loss: tf.sum(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)) },
  }
}

describe('splitUpdates', () => {
  it('takes the update, and leaves the gradient and the outputs', () => {
    const { rest, passes, read } = split(momentum, signature)!
    expect(passes.map(({ size, nodes }) => [size, nodes.map(({ op }) => op).sort()])).toEqual([
      [15, ['Add', 'Multiply', 'Multiply', 'Multiply', 'Sub']],
    ])
    expect([...passes[0]!.writes.keys()].sort()).toEqual(['carry/v', 'carry/w'])
    expect([...read.values()].sort()).toEqual(['carry/v', 'carry/w', 'each/rate', 'pass/0', 'resident/mask'].sort())
    expect([...rest.outputs.keys()]).toEqual(['out/loss', 'pass/0'])
    expect([...rest.inputs.keys()].sort()).toEqual(['carry/w', 'each/x', 'each/y'])
  })

  it('leaves what an output needs, and what is no op of one shape', () => {
    const step: StepFunction = (inputs) => {
      const { carry } = momentum(inputs)
      const { w, v } = carry as T
      return { carry: { w: w!, v: v!.add(tf.sum(w!, 0)) }, out: { w: w! } }
    }
    expect(split(step, signature)).toBeUndefined()
  })

  it('gives each tensor one pass, and nodes that share one the same', () => {
    const carry = { a: spec(2, 3), b: spec(2, 3), c: spec(6) }
    const step: StepFunction = ({ carry, each }) => {
      const { a, b, c } = carry as T
      const rate = (each as T).rate!
      return { carry: { a: b!.mul(rate), b: a!.neg(), c: c!.sqrt() }, out: {} }
    }
    const found = split(step, { carry, each: { rate: spec() }, resident: {} })!
    expect(found.passes.map(({ writes }) => [...writes.keys()].sort()).sort((a, b) => b.length - a.length)).toEqual([
      ['carry/a', 'carry/b'],
      ['carry/c'],
    ])
  })

  it('is made for large dense networks alone', () => {
    expect(split(momentum, signature, 30)).toBeDefined()
    expect(split(momentum, signature, 31)).toBeUndefined()
    const huge = { carry: { w: spec(2 ** 20, 257) }, each: {}, resident: {} }
    expect(split(({ carry }) => ({ carry: { w: (carry.w as tf.Tensor).mul(0.5) }, out: {} }), huge)).toBeUndefined()
    const convolution: StepFunction = ({ carry, each }) => {
      const { w } = carry as T
      const loss = tf.sum(tf.conv2d((each as T).x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'))
      return { carry: { w: w!.mul(0.5) }, out: { loss } }
    }
    const images = { carry: { w: spec(3, 3, 2, 2) }, each: { x: spec(1, 4, 4, 2) }, resident: {} }
    expect(split(convolution, images)).toBeUndefined()
  })

  it('is made for LeNet-300-100 by itself, weights and moments', () => {
    const graph = traceStep(lenet.step, lenet.signature)
    const { passes } = splitUpdates(simplify(graph))!
    const carried = [...graph.inputs.keys()].filter((name) => name.startsWith('carry/'))
    expect(passes.flatMap(({ writes }) => [...writes.keys()]).sort()).toEqual(carried.sort())
  })

  it('is not made where a Loop computes something once for all steps', () => {
    const step: StepFunction = (inputs) => {
      const { carry } = momentum(inputs)
      return { carry, out: { mean: tf.mean(inputs.resident.mask as tf.Tensor) } }
    }
    expect(split(step, signature)).toBeUndefined()
    const scaled: StepFunction = ({ carry, each, resident }) =>
      momentum({ carry, each, resident: { mask: (resident.mask as tf.Tensor).mul(tf.tensor1d([1, 2, 3, 4, 5])) } })
    expect(split(scaled, signature)).toBeUndefined()
    const halved: StepFunction = ({ carry, each, resident }) =>
      momentum({ carry, each, resident: { mask: (resident.mask as tf.Tensor).mul(0.5) } })
    expect(split(halved, signature)).toBeUndefined()
  })
})
