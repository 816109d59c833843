/** What lies between convolutions is never transposed, and every op keeps its meaning in either layout. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { check, LOOSE, tensor } from '../arbitraries.js'
import type { SpecTree, TensorFunction } from '../index.js'
import { expectSame, withGradients } from '../testing.js'
import { tf } from '../tf.js'
import { type Node, nodesOf } from '../trace/graph.js'
import { trace } from '../trace/trace.js'
import { channelsFirst } from './channels-first.js'
import { simplify } from './simplify.js'

type Image = tf.Tensor4D
const spec = (shape: number[]) => ({ shape, dtype: 'float32' as const })
const conv = (x: tf.Tensor, filter: tf.Tensor, stride = 1) =>
  tf.conv2d(x as Image, filter as Image, stride, 'same') as tf.Tensor

/** Shapes of what is transposed, with the function compiled; but for images in gradients of filters, which have channels last. */
function transposes(fn: TensorFunction, signature: SpecTree): string[] {
  const nodes = nodesOf(channelsFirst(simplify(trace(fn, signature))))
  const usersOf = (node: Node) => nodes.filter(({ inputs }) => inputs.some((value) => value.node === node))
  return nodes
    .filter((node) => node.op === 'Transpose')
    .filter((node) => {
      const users = usersOf(node)
      return users.length === 0 || users.some(({ op }) => op !== 'Conv2DBackpropFilter')
    })
    .map(({ inputs }) => String(inputs[0]!.shape))
}

const batchNorm = (h: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
  const mean = tf.mean(h, [0, 1, 2])
  const centred = tf.sub(h, mean)
  const variance = tf.mean(tf.square(centred), [0, 1, 2])
  return tf.add(tf.mul(centred, tf.mul(tf.rsqrt(tf.add(variance, 1e-5)), scale)), offset)
}

/** A residual network in small: convolution, two blocks of which one strides, global mean, dense layer, cross-entropy. */
function loss(inputs: Record<string, tf.Tensor>): tf.Scalar {
  const { x, stem, a, b, c, d, shortcut, scale, offset, dense, bias, labels } = inputs as Record<string, tf.Tensor> & {
    x: Image
  }
  const normal = (h: tf.Tensor) => batchNorm(h, scale!, offset!)
  let h = tf.relu(normal(conv(x, stem!)))
  h = tf.relu(tf.add(h, normal(conv(tf.relu(normal(conv(h, a!))), b!))))
  h = tf.relu(tf.add(normal(conv(h, shortcut!, 2)), normal(conv(tf.relu(normal(conv(h, c!, 2))), d!))))
  const logits = tf.add(tf.matMul(tf.mean(h, [1, 2]) as tf.Tensor2D, dense as tf.Tensor2D), bias!)
  const logs = tf.sub(logits, tf.logSumExp(logits, 1, true))
  return tf.neg(tf.mean(tf.sum(tf.mul(labels!, logs), 1))) as tf.Scalar
}
const signature = {
  x: spec([8, 12, 12, 3]),
  stem: spec([3, 3, 3, 16]),
  a: spec([3, 3, 16, 16]),
  b: spec([3, 3, 16, 16]),
  c: spec([3, 3, 16, 16]),
  d: spec([3, 3, 16, 16]),
  shortcut: spec([1, 1, 16, 16]),
  scale: spec([16]),
  offset: spec([16]),
  dense: spec([16, 10]),
  bias: spec([10]),
  labels: spec([8, 10]),
}
const parameters = Object.keys(signature).filter((name) => name !== 'x' && name !== 'labels')
const slopes = (inputs: Record<string, tf.Tensor>) => {
  const list = parameters.map((name) => inputs[name]!)
  const of = (...tensors: tf.Tensor[]) =>
    loss({ ...inputs, ...Object.fromEntries(tensors.map((t, i) => [parameters[i]!, t])) })
  return { of, list }
}

describe('channelsFirst', () => {
  it('leaves a graph without convolutions alone', () => {
    const graph = simplify(
      trace(({ x }) => ({ y: tf.transpose(x as tf.Tensor, [0, 3, 1, 2]) }), { x: spec([2, 3, 4, 5]) }),
    )
    expect(channelsFirst(graph)).toBe(graph)
  })

  it('transposes the images that come in, and those that go out', () => {
    const fn: TensorFunction = ({ x, f }) => ({
      y: tf.relu(conv(tf.add(tf.relu(conv(x as tf.Tensor, f as tf.Tensor)), 1), f as tf.Tensor)),
    })
    expect(transposes(fn, { x: spec([2, 5, 5, 3]), f: spec([3, 3, 3, 3]) })).toEqual(['2,5,5,3', '2,3,5,5'])
  })

  it('transposes nothing else in a residual network, nor in its gradients', () => {
    const forward: TensorFunction = (inputs) => ({ loss: loss(inputs as Record<string, tf.Tensor>) })
    expect(transposes(forward, signature)).toEqual(['8,12,12,3'])
    const backward: TensorFunction = (inputs) => {
      const { of, list } = slopes(inputs as Record<string, tf.Tensor>)
      return Object.fromEntries(
        tf
          .grads(of)(list)
          .map((gradient, i) => [`d${i}`, gradient]),
      )
    }
    expect(transposes(backward, signature)).toEqual(['8,12,12,3'])
  })

  it('nor in its Hessian-vector products', () => {
    const product: TensorFunction = (inputs) => {
      const { of, list } = slopes(inputs as Record<string, tf.Tensor>)
      const along = (...tensors: tf.Tensor[]) =>
        tf.addN(
          tf
            .grads(of)(tensors)
            .map((g, i) => tf.sum(tf.mul(g, list[i]!))),
        ) as tf.Scalar
      return Object.fromEntries(
        tf
          .grads(along)(list)
          .map((g, i) => [`d${i}`, g]),
      )
    }
    expect(transposes(product, signature)).toEqual(['8,12,12,3'])
  })

  const ops: ((x: Image) => tf.Tensor)[] = [
    (x) => tf.relu(x),
    (x) => tf.mul(x, tf.range(1, x.shape[3] + 1)),
    (x) => tf.sub(x, tf.mean(x, [1, 2], true)),
    (x) => tf.add(x, tf.max(x, 3, true)),
    (x) => tf.mul(x, tf.reshape(tf.sum(x, 0), [1, ...x.shape.slice(1)])),
    (x) => tf.add(x, tf.reshape(tf.mean(x, [0, 2]), [1, x.shape[1], 1, x.shape[3]])),
    (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 1],
      ]),
    (x) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 0],
          [0, 1],
          [0, 0],
        ],
        'symmetric',
      ),
    (x) => tf.reverse(x, [1, -1]),
    (x) => tf.slice(x, [0, 0, 0, 0], [-1, Math.ceil(x.shape[1] / 2), -1, -1]),
    (x) => tf.concat([x, tf.square(x)], -1),
    (x) => tf.tile(x, [1, 1, 2, 1]),
    (x) => tf.tile(tf.mean(x, [1, 2], true), [1, x.shape[1], x.shape[2], 1]),
    (x) => tf.where(tf.greater(x, 0.5), x, tf.zerosLike(x)),
    (x) => tf.reshape(tf.softmax(tf.reshape(x, [x.shape[0], -1])), x.shape),
    (x) => tf.transpose(x, [0, 2, 1, 3]),
    (x) => tf.maxPool(x, 2, 1, 'same'),
    (x) => tf.add(tf.avgPool(x, 2, 1, 'same'), tf.cast(tf.argMax(x, 3), 'float32').expandDims(3)),
    (x) => tf.stack(tf.unstack(x, 3), 3),
  ]
  it('keeps the meaning of every op on images', async () => {
    const cases = fc.record({
      x: tensor([2, 3, 2, 2], -1, 1),
      filter: tensor([2, 2, 2, 2], -1, 1),
      chain: fc.array(fc.nat(ops.length - 1), { minLength: 1, maxLength: 4 }),
    })
    const chained =
      (chain: number[]) =>
      (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
        chain.reduce<tf.Tensor>((h, i) => ops[i]!(h as Image), conv(x, filter))
    for (const i of ops.keys()) {
      await check(cases, ({ x, filter }) => expectSame(withGradients(chained([i])), { x, filter }, LOOSE), 1)
    }
    await check(
      cases,
      ({ x, filter, chain }) =>
        expectSame(withGradients(chained(chain)), { x, filter }, { absolute: 1e-3, relative: 1e-3 }),
      30,
    )
  })
})
