/** Telling the networks of made-up (synthetic) results apart. */
import { expect, it } from 'vitest'
import { hasPanels, networksOf, panelsOf } from './networks.js'
import type { Results } from './types.js'

const resultsOf = (...arms: string[]): Results => ({
  paper: 'made-up',
  title: 'synthetic',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic' },
  rows: arms.map((arm) => ({ arm, level: 0, density: 1, seed: 1, metrics: {}, stageId: arm })),
})
const arms = (results: Results, parts = networksOf) =>
  [...parts(results)].map(([name, { rows }]) => [name, rows.map(({ arm }) => arm)])

it('goes by the first word of the arms', () => {
  expect(arms(resultsOf('conv-2 dense', 'conv-4 ticket', 'conv-2 dropout dense', 'conv-4 dense'))).toEqual([
    ['conv-2', ['dense', 'dropout dense']],
    ['conv-4', ['ticket', 'dense']],
  ])
})

it('finds one without a name where arms are no networks', () => {
  const lenet = ['dense', 'ticket', 'noise 3 sigma']
  expect(arms(resultsOf(...lenet))).toEqual([['', lenet]])
  const mixed = ['conv-2 ticket', 'noise 3 sigma']
  expect(arms(resultsOf(...mixed))).toEqual([['', mixed]])
  expect(arms(resultsOf())).toEqual([['', []]])
})

it('finds panels before a colon, where all arms have one, and else networks', () => {
  const both = resultsOf('vgg-11 at 0.1: dense', 'vgg-11 warm-up: dense', 'vgg-11 at 0.1: ticket')
  expect(hasPanels(both)).toBe(true)
  expect(arms(both, panelsOf)).toEqual([
    ['vgg-11 at 0.1', ['dense', 'ticket']],
    ['vgg-11 warm-up', ['dense']],
  ])
  const some = resultsOf('vgg-11 at 0.1: dense', 'conv-2 dense')
  expect(hasPanels(some)).toBe(false)
  expect(arms(some, panelsOf)).toEqual(arms(some))
  expect(hasPanels(resultsOf())).toBe(false)
})
