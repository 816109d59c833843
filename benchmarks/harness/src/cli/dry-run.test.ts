/** What grids cost; what a claim could detect, against Student's quantiles from tables: t(0.975, 4) = 2.776445, t(0.8, 4) = 0.940965. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Claim } from '../claims/types.js'
import { createStage } from '../stage/create.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import { chain } from '../testing/toy.js'
import { costOf, powerOf } from './dry-run.js'

const claim = (spread?: Claim['spread']): Claim => ({
  id: 'TOY-1',
  title: 'A claim',
  paper: 'no figure',
  unit: 'pp',
  ...(spread === undefined ? {} : { spread }),
  check: () => {
    throw new Error('a dry run checks nothing')
  },
})

it('is the spread times both quantiles over the root of the seeds, as a ratio below 1 for claims on ratios', () => {
  const reach = (2.776445 + 0.940965) / Math.sqrt(5)
  expect(powerOf(claim({ deviation: 0.18, of: 'difference' }), 5).detectable).toBeCloseTo(0.18 * reach, 5)
  expect(powerOf(claim({ deviation: 0.13, of: 'ratio' }), 5).detectable).toBeCloseTo(Math.exp(-0.13 * reach), 5)
  expect(powerOf(claim(), 5).detectable).toBeNull()
  expect(powerOf(claim({ deviation: 0.18, of: 'difference' }), 1).detectable).toBeNull()
})

it('counts a stage of several experiments once, and their longest chain', async () => {
  const stage = (seconds: number, inputs = {}) =>
    createStage(chain, { value: seconds, steps: 1, milliseconds: 1000 * seconds }, { inputs })
  const cell = (arm: string, stage: Stage) => ({ arm, level: 0, density: 1, seed: 1, stage })
  const shared = await stage(10)
  const [short, long] = [await stage(2, { shared }), await stage(30, { shared })]
  const grids = [
    { paper: 'first', cells: [cell('dense', shared), cell('ticket', short)] },
    { paper: 'second', cells: [cell('dense', shared), cell('ticket', long)] },
  ]
  const { arms, chain: longest } = await costOf(grids, await openStore(join(tmpdir(), 'no-such-store')))
  expect(arms.map(({ paper, arm, pending, seconds }) => [paper, arm, pending, seconds])).toEqual([
    ['first', 'dense', 1, 10],
    ['first', 'ticket', 1, 2],
    ['second', 'dense', 0, 0],
    ['second', 'ticket', 1, 30],
  ])
  expect(longest).toBe(40)
})
