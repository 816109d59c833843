/**
 * Gradients written again from saved *inputs*. TensorFlow.js silently drops the second-order terms of every op whose
 * gradient saves its output, since a saved output is cut off from the tape; recomputing it from the inputs keeps them.
 * Values of first derivatives are unchanged.
 */
import { tf } from '../tf.js'
import { registerMovementGradients } from './movement-gradients.js'
import { registerReductionGradients } from './reduction-gradients.js'
import { registerSpatialGradients } from './spatial-gradients.js'
import { unbroadcast } from './unbroadcast.js'

type Saved = tf.Tensor[]
type Attributes = Record<string, unknown>

const unary = (kernelName: string, derivative: (x: tf.Tensor) => tf.Tensor) =>
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved) => ({ x: () => tf.mul(dy as tf.Tensor, derivative((saved as Saved)[0]!)) }),
  })

/** dx of a maximum or minimum over axes: every element that attains it receives the gradient (as TensorFlow.js does). */
const extremum = (kernelName: 'Max' | 'Min', reduce: typeof tf.max) =>
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor]
      const { axis, reductionIndices } = attrs as Attributes
      const axes = tf.util.parseAxisParam((reductionIndices ?? axis) as number[], x.shape)
      const kept = x.shape.map((side, i) => (axes.includes(i) ? 1 : side))
      return {
        x: () => {
          const attained = tf.equal(x, reduce(x, axes, true)).cast('float32')
          return (dy as tf.Tensor).reshape(kept).mul(attained)
        },
      }
    },
  })

/** Gradients of an op on two operands that broadcast; some of TensorFlow.js's forget to sum over the repeated axes. */
const binary = (kernelName: string, gradients: (a: tf.Tensor, b: tf.Tensor) => [tf.Tensor, tf.Tensor]) =>
  tf.registerGradient({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as [tf.Tensor, tf.Tensor]
      const part = (i: 0 | 1, operand: tf.Tensor) => () =>
        unbroadcast(tf.mul(dy as tf.Tensor, gradients(a, b)[i].cast('float32')), operand.shape)
      return { a: part(0, a), b: part(1, b) }
    },
  })

/** A comparison, or logic on some, is constant almost everywhere; TensorFlow.js has no gradient for it and stops at one. */
const flat = (kernelName: string) => binary(kernelName, (a, b) => [tf.zerosLike(a), tf.zerosLike(b)])

/**
 * Ops of TensorFlow.js with a custom gradient of their own that saves their output. That gradient cannot be registered
 * again, and its second derivative is silently wrong, so these ops refuse to take part in one.
 */
const CUT_OFF = new Map([
  ['logSoftmax', 'tf.sub(x, tf.logSumExp(x, -1, true))'],
  ['softmaxCrossEntropy', 'the labels and tf.sub(x, tf.logSumExp(x, -1, true))'],
])

/** @throws Error if a second derivative is being recorded through one of those ops */
export function refuseCutOffDerivatives(): void {
  const { gradientDepth, scopeStack } = tf.engine().state
  if (gradientDepth < 2) return
  for (const { name } of scopeStack) {
    const op = name.replace(/__op$/, '')
    const instead = name.endsWith('__op') ? CUT_OFF.get(op) : undefined
    if (instead) {
      throw new Error(`TensorFlow.js gets the second derivative of tf ${op} wrong; compose it from ${instead}.`)
    }
  }
}

let registered = false

/** Registers the gradients once for the process; all of TensorFlow.js uses them from then on. */
export function registerSecondDerivatives(): void {
  if (registered) return
  registered = true
  // Production mode also silences TensorFlow.js's advertisement for its other packages.
  tf.enableProdMode()
  registerSpatialGradients()
  registerMovementGradients()
  registerReductionGradients()
  unary('Exp', (x) => tf.exp(x))
  unary('Sigmoid', (x) => tf.mul(tf.sigmoid(x), tf.sub(1, tf.sigmoid(x))))
  unary('Tanh', (x) => tf.sub(1, tf.square(tf.tanh(x))))
  unary('Elu', (x) => tf.where(tf.greater(x, 0), tf.onesLike(x), tf.exp(tf.minimum(x, 0))))
  binary('Maximum', (a, b) => [tf.greaterEqual(a, b), tf.less(a, b)])
  binary('Minimum', (a, b) => [tf.lessEqual(a, b), tf.greater(a, b)])
  binary('SquaredDifference', (a, b) => [tf.mul(2, tf.sub(a, b)), tf.mul(2, tf.sub(b, a))])
  for (const name of ['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'LogicalAnd', 'LogicalOr']) {
    flat(name)
  }
  unary('LogicalNot', (x) => tf.zerosLike(x).cast('float32'))
  extremum('Max', tf.max)
  extremum('Min', tf.min)
  // Summing backwards, along the same axis: TensorFlow.js's own forgets to undo its transposition.
  tf.registerGradient({
    kernelName: 'Cumsum',
    inputsToSave: ['x'],
    gradFunc: (dy, _, attrs) => {
      const { axis, exclusive, reverse } = attrs as { axis: number; exclusive: boolean; reverse: boolean }
      return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) }
    },
  })
  tf.registerGradient({
    kernelName: 'Softmax',
    inputsToSave: ['logits'],
    gradFunc: (dy, saved, attrs) => {
      const [logits] = saved as [tf.Tensor]
      const { dim } = attrs as { dim: number }
      return {
        logits: () => {
          const weighted = (dy as tf.Tensor).mul(tf.softmax(logits, dim))
          return tf.sub(weighted, tf.sum(weighted, [dim], true).mul(tf.softmax(logits, dim)))
        },
      }
    },
  })
  tf.registerGradient({
    kernelName: 'Pow',
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [base, exponent] = saved as [tf.Tensor, tf.Tensor]
      const upstream = dy as tf.Tensor
      return {
        a: () => unbroadcast(upstream.mul(exponent.mul(tf.pow(base, exponent.sub(1)))), base.shape),
        b: () => {
          const log = tf.where(tf.greater(base, 0), tf.log(base), tf.zerosLike(base))
          return unbroadcast(upstream.mul(tf.pow(base, exponent).mul(log)), exponent.shape)
        },
      }
    },
  })
}
