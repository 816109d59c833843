/** The grid of heat maps: the stages that it plans are those of the committed evidence, so nobody has to run them again. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { profiles, snip } from './experiments.js'

const committed = (profile: string, seed: number): string[] =>
  readFileSync(new URL(`../results/snip/${profile}/seed-${seed}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly deterministic: { readonly id: string } }).deterministic.id)

describe.each(['small', 'paper'] as const)('the grid of %s', (profile) => {
  it('is the one that was committed: every stage of every seed', async () => {
    const cells = await snip.plan(profiles[profile])
    for (let seed = 1; seed <= profiles[profile].seeds; seed++) {
      const planned = new Set(cells.filter((cell) => cell.seed === seed).map(({ stage }) => stage.id))
      expect([...planned].sort()).toEqual(committed(profile, seed).sort())
    }
  })
})

it('has for each data set SNIP, the same masks shuffled, and random ones, at 90, 95, 98 and 99%', async () => {
  const cells = await snip.plan({ ...profiles.small, seeds: 1 })
  const arms = [...new Set(cells.map(({ arm }) => arm))]
  expect(arms).toEqual(
    ['mnist', 'fashion-mnist'].flatMap((name) => ['snip', 'shuffled', 'random'].map((arm) => `${name} ${arm}`)),
  )
  for (const arm of arms) {
    const densities = cells.filter((cell) => cell.arm === arm && cell.level > 0).map(({ density }) => density)
    expect(densities).toEqual([0.1, 0.05, 0.02, 0.01])
  }
})
