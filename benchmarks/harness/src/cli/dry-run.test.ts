/** What a claim could detect, against Student's quantiles from tables: t(0.975, 4) = 2.776445, t(0.8, 4) = 0.940965. */
import { expect, it } from 'vitest'
import type { Claim } from '../claims/types.js'
import { powerOf } from './dry-run.js'

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
