/** GRASP-3 and GRASP-4 of claims.md 6.d as predicates over rows. */
import {
  above,
  all,
  type Claim,
  type Estimate,
  estimate,
  type Finding,
  finding,
  groupsOf,
  levelsOf,
  nothing,
  type PerSeed,
  paired,
  perSeed,
  type Results,
  rowsOf,
} from '@winning-tickets/harness'

const MISSING = nothing('The results lack rows of GraSP, SNIP or random pruning; run the whole grid.')

/** Levels whose density is at most so much, the row of the scores excepted. */
const sparse = (results: Results, density: number): number[] =>
  levelsOf(results, 'grasp').flatMap((level) =>
    level.level > 0 && level.density <= density * 1.0001 ? [level.level] : [],
  )

const spoken = ({ mean, low, high }: Estimate, digits = 2): string =>
  low === null || high === null
    ? mean.toFixed(digits)
    : `${mean.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`

/** |g|^2 of an arm at a level, in units of the dense network's. */
function norm(results: Results, arm: string, level: number, temperature: number): PerSeed {
  const metric = `gradientNorm@${temperature}`
  const dense = levelsOf(results, arm).find((one) => one.level > 0 && one.density === 1)
  if (dense === undefined) return new Map()
  const whole = perSeed(results, arm, metric, [dense.level])
  return new Map([...perSeed(results, arm, metric, [level])].map(([seed, value]) => [seed, value / whole.get(seed)!]))
}

const difference = (a: number, b: number) => a - b

export const grasp3: Claim = {
  id: 'GRASP-3',
  title: 'At 95% sparsity and more GraSP leaves a larger gradient norm than SNIP and than random pruning',
  paper: 'gradient norm after pruning: GraSP above SNIP and random',
  unit: "x the dense network's |g|^2, over SNIP's",
  check: (results) =>
    overNetworks(results, (network) => {
      const levels = sparse(network, 0.05)
      const over = (other: string, temperature: number) =>
        levels.map((level) =>
          paired(norm(network, 'grasp', level, temperature), norm(network, other, level, temperature), difference),
        )
      const [snip, random, atItsOwn] = [over('snip', 1), over('random', 1), over('snip', 200)]
      if (levels.length === 0 || [...snip, ...random].some((values) => values.length === 0)) return undefined
      const means = (lists: readonly (readonly number[])[]) =>
        lists[0]!.map((_, seed) => lists.reduce((sum, list) => sum + list[seed]!, 0) / lists.length)
      const seedsAbove = (lists: readonly (readonly number[])[]) =>
        `${lists.flat().filter((value) => value > 0).length} of ${lists.flat().length}`
      return {
        effect: means(snip),
        verdicts: [...snip, ...random].map((values) => above(estimate(values), 0)),
        detail: `over SNIP ${spoken(estimate(means(snip)))}, larger in ${seedsAbove(snip)} pairs of seed and sparsity; over random ${spoken(estimate(means(random)))}, larger in ${seedsAbove(random)}; at temperature 200 over SNIP ${spoken(estimate(means(atItsOwn)))}.`,
      }
    }),
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
    overNetworks(results, (network) => {
      const level = levelsOf(network, 'grasp').find(({ density }) => Math.abs(density - 0.02) < 1e-9)?.level
      if (level === undefined) return undefined
      const [ours, snip] = [thinnest(network, 'grasp', level), thinnest(network, 'snip', level)]
      const effect = paired(ours, snip, difference)
      if (effect.length === 0) return undefined
      const [left, right] = [ours, snip].map((values) => spoken(estimate([...values.values()]), 3))
      return {
        effect,
        verdicts: [above(estimate(effect), 0)],
        detail: `the thinnest layer keeps ${left}% with GraSP, ${right}% with SNIP.`,
      }
    }),
}

interface Part {
  /** A number a seed. */
  readonly effect: readonly number[]
  readonly verdicts: readonly Finding['verdict'][]
  readonly detail: string
}

/** Each network is judged for itself and all must agree; the effect shown is their mean. */
function overNetworks(results: Results, of: (network: Results) => Part | undefined): Finding {
  const parts = [...groupsOf(results)].map(([name, rows]) => ({ name, part: of(rows) }))
  if (parts.length === 0 || parts.some(({ part }) => part === undefined)) return MISSING
  const [first] = parts
  const effect = first!.part!.effect.map(
    (_, seed) => parts.reduce((sum, { part }) => sum + part!.effect[seed]!, 0) / parts.length,
  )
  const detail = parts.map(({ name, part }) => `${name}: ${part!.detail}`).join(' ')
  return finding(all(parts.flatMap(({ part }) => part!.verdicts)), estimate(effect), detail)
}

export const claims: readonly Claim[] = [grasp3, grasp4]
