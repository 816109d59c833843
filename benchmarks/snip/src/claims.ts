/** SNIP-7 of claims.md 5.e, as far as it needs no training. */
import {
  above,
  all,
  type Claim,
  estimate,
  finding,
  groupsOf,
  levelsOf,
  needs,
  type PerSeed,
  perSeed,
  type Results,
} from '@winning-tickets/harness'

const METRIC = 'inputCorrelation'

/** The mean correlation over all densities, for each seed. */
const correlationOf = (results: Results, arm: string): PerSeed =>
  perSeed(
    results,
    arm,
    METRIC,
    levelsOf(results, arm).flatMap(({ level }) => (level > 0 ? [level] : [])),
  )

export const snip7: Claim = {
  id: 'SNIP-7',
  title: 'The inputs that a SNIP mask keeps are those where the images are (the part without training)',
  paper: 'heat maps of kept first-layer connections show the digit, on MNIST and Fashion-MNIST',
  unit: 'correlation of kept connections with the mean image',
  check(results) {
    const parts = [...groupsOf(results)].map(([name, rows]) => {
      const [snip, shuffled, random] = ['snip', 'shuffled', 'random'].map((arm) => correlationOf(rows, arm))
      return { name, snip: snip!, shuffled: shuffled!, random: random! }
    })
    if (parts.length === 0 || parts.some(({ snip }) => snip.size === 0)) {
      return needs('masks of SNIP')
    }
    const values = (of: PerSeed) => [...of.values()]
    const seeds = [...parts[0]!.snip.keys()]
    const effect = seeds.map((seed) => parts.reduce((sum, { snip }) => sum + snip.get(seed)!, 0) / parts.length)
    const told = (of: PerSeed) => (of.size === 0 ? 'not run' : estimate(values(of)).mean.toFixed(2))
    const detail = parts
      .map(
        ({ name, snip, shuffled, random }) =>
          `${name}: ${told(snip)}; shuffled within layers ${told(shuffled)}, random ${told(random)}.`,
      )
      .join(' ')
    return finding(
      all(parts.map(({ snip }) => above(estimate(values(snip)), 0.5))),
      estimate(effect),
      `${detail} Su et al. object that shuffled masks, which show nothing, train as well: SNIP-7b trains them.`,
    )
  },
}

export const claims: readonly Claim[] = [snip7]
