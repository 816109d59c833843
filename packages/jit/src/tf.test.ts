import { expect, it } from 'vitest'
import { tf } from './tf.js'

it('is the instance that an import gives, so that tensors, kernels and backends are shared', async () => {
  // biome-ignore lint/style/noRestrictedImports: to compare.
  const imported = await import('@tensorflow/tfjs')
  expect(imported.engine()).toBe(tf.engine())
  expect(imported.Tensor).toBe(tf.Tensor)
})

it('cannot be changed in passing', () => {
  expect(() => Object.assign(tf, { relu: () => 0 })).toThrow(TypeError)
  expect(tf.relu(-1).arraySync()).toBe(0)
})
