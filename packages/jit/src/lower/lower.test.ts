/** The kernels that can be traced and those that can be lowered are the same. */
import { expect, it } from 'vitest'
import { kernels } from '../trace/shapes.js'
import { loweredKernels } from './lower.js'

it('every traced kernel has a lowering', () => {
  const lowered = new Set([...loweredKernels, 'Fill', 'ZerosLike', 'OnesLike'])
  expect([...kernels.keys()].filter((name) => !lowered.has(name))).toEqual([])
})
