/** Places of maxima stay only where something asks for them. */
import { expect, it } from 'vitest'
import type { OnnxNode } from '../onnx/builder.js'
import { dropUnused } from './unused.js'

const node = (op: string, inputs: string[], outputs: string[]): OnnxNode => ({
  op,
  domain: '',
  inputs,
  outputs,
  attributes: {},
})

it('drops places that nobody uses, and no others', () => {
  const pool = node('MaxPool', ['x'], ['y', 'places'])
  const split = node('Split', ['x'], ['a', 'b'])
  expect(dropUnused([pool, split], new Set(['y']))).toEqual([node('MaxPool', ['x'], ['y']), split])
  const unpool = node('MaxUnpool', ['dy', 'places'], ['dx'])
  expect(dropUnused([pool, unpool], new Set(['dx']))).toEqual([pool, unpool])
  expect(dropUnused([pool], new Set(['y', 'places']))).toEqual([pool])
})
