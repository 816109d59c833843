/** Which sums of scaled tensors become one node, that all others stay, and that the numbers are the reference's. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Builder, type Ref } from '../onnx/builder.js'
import { expectSame } from '../testing.js'
import { tf } from '../tf.js'
import { fuseMultiplyAdd } from './multiply-add.js'

const float = (name: string, shape: number[]): Ref => ({ name, shape, type: 'float32' })

/** The ops of the graph that `build` makes after fusing; `build` returns the names that the graph gives out. */
function fusedOps(build: (builder: Builder) => readonly Ref[]): string[] {
  const builder = new Builder()
  const outputs = build(builder)
  return fuseMultiplyAdd(builder, builder.nodes, new Set(outputs.map(({ name }) => name))).map(({ op }) => op)
}

/** x + y * s of the given shapes, the product on either side. */
const sum = (builder: Builder, shapes: { x?: number[]; y?: number[]; s?: number[] }, type: Ref['type'] = 'float32') => {
  const { x = [4, 32], y = x, s = [] } = shapes
  const [a, b, c] = [float('x', x), float('y', y), float('s', s)].map((ref) => builder.declare({ ...ref, type }))
  const product = builder.add('Mul', [b, c], y, type)
  return { a: a!, product, add: (op: 'Add' | 'Sub', l: Ref, r: Ref) => builder.add(op, [l, r], x, type) }
}

describe('fuseMultiplyAdd', () => {
  it('takes sums and differences of a scaled tensor', () => {
    for (const order of ['x first', 'product first']) {
      const ops = fusedOps((builder) => {
        const { a, product, add } = sum(builder, {})
        return [order === 'x first' ? add('Add', a, product) : add('Add', product, a)]
      })
      expect(ops, order).toEqual(['Expand', 'GatedAdd'])
    }
    const ops = fusedOps((builder) => {
      const { a, product, add } = sum(builder, {})
      return [add('Sub', a, product)]
    })
    expect(ops).toEqual(['Neg', 'Expand', 'GatedAdd'])
  })

  it('makes one gate for all tensors with the same rows', () => {
    const ops = fusedOps((builder) => {
      const s = builder.declare(float('s', []))
      const [x, y] = [float('x', [4, 32]), float('y', [4, 32])].map((ref) => builder.declare(ref))
      const once = builder.add('Add', [x, builder.add('Mul', [s, y], [4, 32], 'float32')], [4, 32], 'float32')
      return [builder.add('Add', [once, builder.add('Mul', [x, s], [4, 32], 'float32')], [4, 32], 'float32')]
    })
    expect(ops).toEqual(['Expand', 'GatedAdd', 'GatedAdd'])
  })

  it('takes a scaled tensor that was given another name, as what a step gives out is', () => {
    const ops = fusedOps((builder) => {
      const [x, s] = [builder.declare(float('x', [4, 32])), builder.declare(float('s', []))]
      const momentum = builder.add('Sqrt', [x], [4, 32], 'float32')
      const next = builder.add('Sub', [x, builder.add('Mul', [momentum, s], [4, 32], 'float32')], [4, 32], 'float32')
      builder.rename(new Map([[momentum.name, 'next:momentum']]))
      return [{ ...momentum, name: 'next:momentum' }, next]
    })
    expect(ops).toEqual(['Sqrt', 'Neg', 'Expand', 'GatedAdd'])
  })

  it.each<[string, (builder: Builder) => readonly Ref[]]>([
    [
      'a product that is used twice',
      (builder) => {
        const { a, product, add } = sum(builder, {})
        return [add('Add', a, product), builder.add('Sqrt', [product], [4, 32], 'float32')]
      },
    ],
    [
      'a product added to itself',
      (builder) => {
        const { product, add } = sum(builder, {})
        return [add('Add', product, product)]
      },
    ],
    [
      'a product that is given out',
      (builder) => {
        const { a, product, add } = sum(builder, {})
        return [add('Add', a, product), product]
      },
    ],
    [
      'a scaled tensor minus another',
      (builder) => {
        const { a, product, add } = sum(builder, {})
        return [add('Sub', product, a)]
      },
    ],
    [
      'a tensor that is broadcast',
      (builder) => {
        const { a, product, add } = sum(builder, { y: [1, 32] })
        return [add('Add', a, product)]
      },
    ],
    [
      'a factor that is no scalar',
      (builder) => {
        const { a, product, add } = sum(builder, { s: [32] })
        return [add('Add', a, product)]
      },
    ],
    [
      'integers',
      (builder) => {
        const { a, product, add } = sum(builder, {}, 'int32')
        return [add('Add', a, product)]
      },
    ],
    [
      'short rows',
      (builder) => {
        const { a, product, add } = sum(builder, { x: [64, 10] })
        return [add('Add', a, product)]
      },
    ],
    [
      'scalars',
      (builder) => {
        const { a, product, add } = sum(builder, { x: [] })
        return [add('Add', a, product)]
      },
    ],
  ])('leaves %s alone', (_, build) => {
    expect(fusedOps(build)).not.toContain('GatedAdd')
  })

  it('computes what the reference does, for scalars known early or late', async () => {
    const shape = fc.oneof(
      fc.tuple(fc.integer({ min: 16, max: 70 })),
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 14, max: 70 })),
      fc.tuple(fc.constant(3), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.constant(16)),
    )
    await fc.assert(
      fc.asyncProperty(shape, fc.integer({ min: 1, max: 1e6 }), async (dimensions, seed) => {
        const size = dimensions.reduce((product, side) => product * side, 1)
        const numbers = (k: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(seed * k + i))
        const operand = (k: number) => ({ shape: dimensions, dtype: 'float32' as const, data: numbers(k) })
        const rate = { shape: [], dtype: 'float32' as const, data: Float32Array.of(Math.cos(seed)) }
        await expectSame(
          ({ x, y, rate }) => {
            const [a, b, s] = [x, y, rate] as [tf.Tensor, tf.Tensor, tf.Scalar]
            const momentum = tf.add(tf.mul(a, 0.9), b)
            return { momentum, next: tf.sub(a, tf.mul(tf.sqrt(tf.square(momentum)), s)), plus: tf.add(b, tf.mul(s, a)) }
          },
          { x: operand(1), y: operand(2), rate },
        )
      }),
      { numRuns: 12 },
    )
  })
})
