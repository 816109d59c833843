/** Which sums become part of a product or a convolution, and which stay. */
import { describe, expect, it } from 'vitest'
import { Builder, type Ref } from '../onnx/builder.js'
import { fuseBias } from './bias.js'

/** The ops of conv(x) + bias after fusing; `also` may use the convolution or give it out. */
function ops(
  biasShape: number[],
  order: 'first' | 'last' = 'first',
  also: (builder: Builder, conv: Ref) => Ref[] = () => [],
) {
  const builder = new Builder()
  const ref = (name: string, shape: number[]) => builder.declare({ name, shape, type: 'float32' })
  const conv = builder.add('Conv', [ref('x', [2, 3, 5, 5]), ref('filter', [4, 3, 3, 3])], [2, 4, 3, 3], 'float32')
  const bias = ref('bias', [biasShape.reduce((a, b) => a * b, 1)])
  const operands = [conv, builder.reshape(bias, biasShape)]
  const sum = builder.add('Add', order === 'first' ? operands : operands.reverse(), [2, 4, 3, 3], 'float32')
  const outputs = new Set([sum, ...also(builder, conv)].map(({ name }) => name))
  return fuseBias(builder.nodes, builder.refs, outputs).map(({ op, inputs }) => `${op} ${inputs.length}`)
}

describe('fuseBias', () => {
  it('takes one number a channel into a convolution, on either side', () => {
    for (const order of ['first', 'last'] as const) expect(ops([1, 4, 1, 1], order)).toEqual(['Reshape 2', 'Conv 3'])
  })

  it('leaves other sums, and convolutions that are used elsewhere', () => {
    expect(ops([1, 1, 1, 3])).toContain('Add 2')
    expect(ops([2, 4, 1, 1])).toContain('Add 2')
    expect(ops([1, 4, 1, 1], 'first', (_, conv) => [conv])).toContain('Add 2')
    const used = ops([1, 4, 1, 1], 'first', (builder, conv) => [builder.add('Relu', [conv], conv.shape, 'float32')])
    expect(used).toContain('Add 2')
  })
})
