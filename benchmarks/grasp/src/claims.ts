/** GRASP-3 and GRASP-4 of claims.md 6.d as predicates over rows. */
import {
  above,
  type Claim,
  difference,
  estimateOf,
  levelsOf,
  meanOf,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  type Results,
  rowsOf,
  spoken,
} from '@winning-tickets/harness'

const ALL_ARMS = 'rows of GraSP, SNIP and random pruning for every network'

/** Levels whose density is at most so much, the row of the scores excepted. */
const sparse = (results: Results, density: number): number[] =>
  levelsOf(results, 'grasp').flatMap((level) =>
    level.level > 0 && level.density <= density * 1.0001 ? [level.level] : [],
  )

/** |g|^2 of an arm at a level, in units of the dense network's. */
function norm(results: Results, arm: string, level: number, temperature: number): PerSeed {
  const metric = `gradientNorm@${temperature}`
  const dense = levelsOf(results, arm).find((one) => one.level > 0 && one.density === 1)
  if (dense === undefined) return new Map()
  const whole = perSeed(results, arm, metric, [dense.level])
  return new Map([...perSeed(results, arm, metric, [level])].map(([seed, value]) => [seed, value / whole.get(seed)!]))
}

export const grasp3: Claim = {
  id: 'GRASP-3',
  title: 'At 95% sparsity and more GraSP leaves a larger gradient norm than SNIP and than random pruning',
  paper: 'gradient norm after pruning: GraSP above SNIP and random',
  unit: "x the dense network's |g|^2, over SNIP's",
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const levels = sparse(network, 0.05)
        const over = (other: string, temperature: number) =>
          levels.map((level) =>
            pair(norm(network, 'grasp', level, temperature), norm(network, other, level, temperature), difference),
          )
        const [snip, random, atItsOwn] = [over('snip', 1), over('random', 1), over('snip', 200)]
        if (levels.length === 0 || [...snip, ...random].some((values) => values.size === 0)) return undefined
        const seedsAbove = (lists: readonly PerSeed[]) => {
          const values = lists.flatMap((list) => [...list.values()])
          return `${values.filter((value) => value > 0).length} of ${values.length}`
        }
        return {
          effect: meanOf(snip),
          verdicts: [...snip, ...random].map((values) => above(estimateOf(values), 0)),
          detail: `over SNIP ${spoken(estimateOf(meanOf(snip)))}, larger in ${seedsAbove(snip)} pairs of seed and sparsity; over random ${spoken(estimateOf(meanOf(random)))}, larger in ${seedsAbove(random)}; at temperature 200 over SNIP ${spoken(estimateOf(meanOf(atItsOwn)))}.`,
        }
      },
      ALL_ARMS,
    ),
}

/** The least density of any layer at a level, in percent. */
function thinnest(results: Results, arm: string, level: number): PerSeed {
  return new Map(
    rowsOf(results, arm, [level]).flatMap(({ seed, metrics }) => {
      const sizes = rowsOf(results, arm, [0]).find((row) => row.seed === seed)?.metrics
      if (sizes === undefined) return []
      const shares = Object.entries(sizes).flatMap(([name, size]) =>
        name.startsWith('size/') ? [metrics[`kept/${name.slice('size/'.length)}`]! / size] : [],
      )
      return [[seed, 100 * Math.min(...shares)] as const]
    }),
  )
}

export const grasp4: Claim = {
  id: 'GRASP-4',
  title: 'At 98% sparsity the thinnest layer of GraSP keeps more than that of SNIP',
  paper: 'SNIP leaves very thin late layers, GraSP more of them',
  unit: "pp of the thinnest layer's weights",
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const level = levelsOf(network, 'grasp').find(({ density }) => Math.abs(density - 0.02) < 1e-9)?.level
        if (level === undefined) return undefined
        const [ours, snip] = [thinnest(network, 'grasp', level), thinnest(network, 'snip', level)]
        const effect = pair(ours, snip, difference)
        if (effect.size === 0) return undefined
        const [left, right] = [ours, snip].map((values) => spoken(estimateOf(values), '', { digits: 3 }))
        return {
          effect,
          verdicts: [above(estimateOf(effect), 0)],
          detail: `the thinnest layer keeps ${left}% with GraSP, ${right}% with SNIP.`,
        }
      },
      ALL_ARMS,
    ),
}

export const claims: readonly Claim[] = [grasp3, grasp4]
