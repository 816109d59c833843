/** SF-1 to SF-4 and SF-9 of claims.md 7.d as predicates over rows; SF-8 is in a file of its own. */
import {
  above,
  below,
  type Claim,
  estimate,
  estimateOf,
  type Finding,
  finding,
  groupsOf,
  type NetworkPart,
  needs,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  type Results,
  rowsOf,
  spearman,
  spoken,
} from '@winning-tickets/harness'
import { SALIENCIES, type Saliency } from './conservation-stage.js'
import { type Criterion, criticalCompression, isWhole, largestCompression, levelAtNineTenths } from './critical.js'
import { sf8 } from './magnitudes-claim.js'
import { ALL_ARMS, map } from './networks.js'

const OTHERS = ['random', 'magnitude', 'snip', 'grasp'] as const
const log10 = (value: number): string => Math.log10(value).toFixed(2)
const geometric = (values: PerSeed): number => Math.exp(estimate([...values.values()].map(Math.log)).mean)

/** SF-1 by one of two criteria, for one of SynFlow's arms. */
function reachesTheMost(network: Results, criterion: Criterion, arm = 'synflow'): NetworkPart | undefined {
  const most = largestCompression(network)
  const level = levelAtNineTenths(network, arm)
  const ours = criticalCompression(network, arm, criterion)
  const others = OTHERS.map((arm) => ({ arm, critical: criticalCompression(network, arm, criterion) }))
  if (most === undefined || level === undefined || others.some(({ critical }) => critical.size === 0)) return undefined
  const best = others.map(({ critical }) => critical).reduce((a, b) => pair(a, b, Math.max))
  const there = rowsOf(network, arm, [level])
  const broken = there.map((row) => (criterion === 'collapse' ? row.metrics.collapsed! : 1 - row.metrics.connected!))
  const whole = there.filter((row) => isWhole(row, criterion)).length
  const own = ['snip-train', 'grasp-train'].map((arm) => {
    const critical = criticalCompression(network, arm, criterion)
    return critical.size === 0 ? '' : `, ${arm} ${log10(geometric(critical))}`
  })
  const emptied = estimate(there.map((row) => row.metrics.collapsed!)).mean
  return {
    effect: map(ours, (value) => value / most),
    verdicts: [
      below(estimate(broken), 0.5),
      above(estimateOf(pair(ours, best, (a, b) => Math.log(a / b))), Math.log(10)),
    ],
    detail: `${whole} of ${there.length} seeds are whole at 0.9 rho_max, where ${emptied.toFixed(1)} layers are empty in the mean; log10 of critical compressions: rho_max ${log10(most)}, ${arm} at least ${log10(geometric(ours))}, ${others.map(({ arm, critical }) => `${arm} ${log10(geometric(critical))}`).join(', ')}${own.join('')}.`,
  }
}

const PAPER = 'SynFlow 6.0 of 6.02 (log10), random 3.25, magnitude 2.75, SNIP 3.5, GraSP 3.5 (VGG-16, CIFAR-100)'

export const sf1: Claim = {
  id: 'SF-1',
  title: 'SynFlow empties no layer up to 90% of the largest possible compression, ten times that of other methods',
  paper: PAPER,
  unit: 'x rho_max',
  check: (results) => overNetworks(results, (network) => reachesTheMost(network, 'collapse'), ALL_ARMS),
}

export const sf1b: Claim = {
  id: 'SF-1b',
  title: 'The same by what collapse does: SynFlow leaves a path from input to output',
  paper: 'not measured apart from SF-1',
  unit: 'x rho_max',
  check: (results) => overNetworks(results, (network) => reachesTheMost(network, 'cut'), ALL_ARMS),
}

export const sf1c: Claim = {
  id: 'SF-1c',
  title:
    'In three times as many steps SynFlow leaves a path at 90% of the largest possible compression, ten times that of other methods',
  paper: 'not measured; the theorem asks that a step prunes less than flows through a layer',
  unit: 'x rho_max',
  check: (results) => overNetworks(results, (network) => reachesTheMost(network, 'cut', 'synflow-fine'), ALL_ARMS),
}

export const sf2: Claim = {
  id: 'SF-2',
  title: 'Saliency is conserved neuron by neuron and layer by layer: SynFlow, signed SNIP and the GraSP type',
  paper: 'Theorems 1 and 2; Fig. 3',
  unit: 'log10 of the largest relative error',
  experiment: 'synflow-conservation',
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const error = (of: Saliency): PerSeed =>
          map(
            pair(
              perSeed(network, 'dense', `layers/${of}`, [0]),
              perSeed(network, 'dense', `neurons/${of}`, [0]),
              Math.max,
            ),
            // Nothing is more exact than a double.
            (value) => Math.log10(Math.max(value, 2 ** -53)),
          )
        const conserved = SALIENCIES.filter((name) => name !== 'grasp').map((name) => ({ name, error: error(name) }))
        const worst = conserved.map((one) => one.error).reduce((a, b) => pair(a, b, Math.max))
        if (worst.size === 0) return undefined
        const told = [...conserved, { name: 'grasp', error: error('grasp') }]
        return {
          effect: worst,
          verdicts: conserved.map((one) => below(estimateOf(one.error), -6)),
          detail: `${told.map((one) => `${one.name} ${spoken(estimateOf(one.error), '', { digits: 1 })}`).join(', ')}; "grasp" is GraSP's own score, which is no saliency of the network's output and is not judged.`,
        }
      },
      ALL_ARMS,
    ),
}

/** Arms "n=1", "n=10" ... by n. */
const iterationsOf = ({ rows }: Results): number[] =>
  [...new Set(rows.map(({ arm }) => arm))]
    .flatMap((arm) => (arm.startsWith('n=') ? [Number(arm.slice(2))] : []))
    .sort((a, b) => a - b)

export const sf3: Claim = {
  id: 'SF-3',
  title: 'One-shot SynFlow collapses sooner than iterative, and the more iterations the later',
  paper: 'more iterations raise the critical compression',
  unit: "x the one-shot's critical compression",
  experiment: 'synflow-rounds',
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const iterations = iterationsOf(network)
        if (iterations.length < 2) return undefined
        const critical = iterations.map((n) => criticalCompression(network, `n=${n}`, 'collapse'))
        const effect = pair(critical.at(-1)!, critical[0]!, (a, b) => Math.log(a / b))
        const steps = critical
          .slice(1)
          .map((values, i) => [...pair(values, critical[i]!, (a, b) => Math.log(a / b)).values()])
        return {
          effect,
          verdicts: [above(estimateOf(effect), 0), ...steps.map(neverFalls)],
          detail: `log10 of critical compressions (n = 1 exact, others of those tried): ${iterations.map((n, i) => `n=${n} ${log10(geometric(critical[i]!))}`).join(', ')}; rho_max ${log10(largestCompression(network)!)}.`,
        }
      },
      ALL_ARMS,
      Math.exp,
    ),
}

/** A step of the number of iterations: no seed falls, or the mean does. */
const neverFalls = (changes: readonly number[]): Finding['verdict'] =>
  changes.every((change) => change >= 0)
    ? 'supported'
    : below(estimate(changes), 0) === 'supported'
      ? 'contradicted'
      : 'inconclusive'

/** Rank correlation of a layer's size and its mean score, for each seed. */
function sizeAgainstScore(network: Results, arm: string): PerSeed {
  return new Map(
    rowsOf(network, arm, [0]).map(({ seed, metrics }) => {
      const layers = Object.keys(metrics).flatMap((name) =>
        name.startsWith('size/') ? [name.slice('size/'.length)] : [],
      )
      return [
        seed,
        spearman(
          layers.map((name) => metrics[`size/${name}`]!),
          layers.map((name) => metrics[`score/${name}`]!),
        ),
      ] as const
    }),
  )
}

export const sf4: Claim = {
  id: 'SF-4',
  title: 'The larger a layer, the smaller its average score: SNIP, GraSP, SynFlow',
  paper: 'inverse proportion (Fig. 4)',
  unit: "Spearman's correlation of size and score",
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const arms = ['snip', 'grasp', 'synflow-once'].map((arm) => ({ arm, values: sizeAgainstScore(network, arm) }))
        if (arms.some(({ values }) => values.size === 0)) return undefined
        const magnitude = sizeAgainstScore(network, 'magnitude')
        const effect = arms.map(({ values }) => values).reduce((a, b) => pair(a, b, Math.max))
        return {
          effect,
          verdicts: arms.map(({ values }) => below(estimateOf(values), -0.9)),
          detail: `${arms.map(({ arm, values }) => `${arm} ${estimateOf(values).mean.toFixed(3)}`).join(', ')}; magnitude ${magnitude.size === 0 ? 'not run' : estimateOf(magnitude).mean.toFixed(3)}.`,
        }
      },
      ALL_ARMS,
    ),
}

export const sf9: Claim = {
  id: 'SF-9',
  title: 'SynFlow needs no data: one initialisation gives one mask, whatever the data set',
  paper: 'no data are used',
  unit: 'of seeds with identical masks',
  experiment: 'synflow-data',
  check(results) {
    const shares = [...groupsOf(results).values()].map((network) => {
      const same = (method: string) => {
        const [level] = [
          ...new Set(rowsOf(network, `${method}-here`).flatMap((row) => (row.level > 0 ? [row.level] : []))),
        ]
        if (level === undefined) return []
        const [here, there] = ['here', 'there'].map((where) => perSeed(network, `${method}-${where}`, 'mask', [level]))
        return [...pair(here!, there!, (a, b) => (a === b ? 1 : 0)).values()]
      }
      return { synflow: same('synflow'), snip: same('snip') }
    })
    const ours = shares.flatMap(({ synflow }) => synflow)
    const snip = shares.flatMap((one) => one.snip)
    if (ours.length === 0) return needs('masks beside two data sets')
    const equal = ours.filter((one) => one === 1).length
    const detail = `${equal} of ${ours.length} masks of SynFlow are identical beside the other data set, and ${snip.filter((one) => one === 1).length} of ${snip.length} of SNIP.`
    // Identity is no mean over seeds: a single difference would refute it, and three seeds without one are what was asked for.
    const verdict =
      equal < ours.length ? 'contradicted' : ours.length < 3 || snip.includes(1) ? 'inconclusive' : 'supported'
    return { ...finding(verdict, estimate(ours), ''), detail }
  },
}

export const claims: readonly Claim[] = [sf1, sf1b, sf1c, sf2, sf3, sf4, sf8, sf9]
