/** Ranges of seeds: what is planned, and how they are written. */
import { expect, it } from 'vitest'
import { benchmark } from '../testing/toy.js'
import { planSeeds, seedsText } from './seeds.js'

const [toy] = benchmark.experiments
const plan = async (range?: Parameters<typeof planSeeds>[2]) => {
  const { cells, seeds } = await planSeeds(toy!, toy!.profiles.smoke, range)
  return { planned: [...new Set(cells.map(({ seed }) => seed))], seeds }
}

it('plans the seeds of a range, and counts them', async () => {
  expect(await plan()).toEqual({ planned: [1, 2], seeds: 2 })
  expect(await plan({ first: 1, last: 3 })).toEqual({ planned: [1, 2, 3], seeds: 3 })
  expect(await plan({ first: 4, last: 5 })).toEqual({ planned: [4, 5], seeds: 2 })
})

it('plans the same stages for a seed, whatever range it is in', async () => {
  const idsOf = async (first: number, last: number) => {
    const { cells } = await planSeeds(toy!, toy!.profiles.smoke, { first, last })
    return cells.filter(({ seed }) => seed === 3).map(({ stage }) => stage.id)
  }
  expect(await idsOf(3, 3)).toEqual(await idsOf(1, 7))
})

it('writes a range as --seeds takes it', () => {
  expect([
    seedsText({ first: 1, last: 5 }),
    seedsText({ first: 3, last: 5 }),
    seedsText({ first: 3, last: 3 }),
  ]).toEqual(['5', '3-5', '3-3'])
})
