/** SF-8 of claims.md 7.d: what the paper says of iterative magnitude pruning (its Fig. 5). */
import {
  below,
  type Claim,
  estimate,
  estimateOf,
  levelsOf,
  overNetworks,
  type PerSeed,
  pair,
  perSeed,
  type Results,
} from '@winning-tickets/harness'
import { lookArm } from './magnitudes.js'
import { ALL_ARMS } from './networks.js'

/** Percents of training at which the dense network was looked at, ascending. */
const looksOf = ({ rows }: Results): number[] =>
  [...new Set(rows.flatMap(({ arm }) => /^training ([\d.]+)%$/.exec(arm)?.[1] ?? []))].map(Number).sort((a, b) => a - b)

const logRatio = (after: PerSeed, before: PerSeed): PerSeed => pair(after, before, (a, b) => Math.log(a / b))
const mean = (values: PerSeed): number => estimateOf(values).mean

export const sf8: Claim = {
  id: 'SF-8',
  title: 'The layers’ sums of theta^2 become more alike in training, and again over rounds of magnitude pruning',
  paper: 'mean theta^2 of a layer converges to the inverse of its size (Fig. 5)',
  unit: 'x the spread of layer sums at initialisation',
  experiment: 'synflow-magnitudes',
  check: (results) =>
    overNetworks(
      results,
      (network) => {
        const looks = looksOf(network)
        const rounds = levelsOf(network, 'ticket').map(({ level }) => level)
        const [first, last] = [looks[0], rounds.at(-1)]
        if (first !== 0 || looks.at(-1) !== 100 || rounds[0] !== 0 || last === undefined || last === 0) return undefined
        const look = (percent: number, metric: string) => perSeed(network, lookArm(percent), metric, [0])
        const ticket = (round: number, metric: string) => perSeed(network, 'ticket', metric, [round])
        const [initial, dense, pruned] = [look(0, 'spread'), look(100, 'spread'), ticket(last, 'spread')]
        const masked = perSeed(network, 'start', 'spread', [last])
        const training = looks.map((percent) => `${percent}% ${mean(look(percent, 'spread')).toFixed(2)}`)
        const pruning = rounds.slice(1).map((round) => `${round} ${mean(ticket(round, 'spread')).toFixed(2)}`)
        const critical = [
          look(0, 'criticalCompression'),
          look(100, 'criticalCompression'),
          ticket(last, 'criticalCompression'),
        ]
        const [atStart, trained, atLast] = critical.map((values) =>
          Math.exp(estimate([...values.values()].map(Math.log)).mean).toFixed(0),
        )
        return {
          effect: logRatio(pruned, initial),
          verdicts: [below(estimateOf(logRatio(dense, initial)), 0), below(estimateOf(logRatio(pruned, dense)), 0)],
          detail: `spread of the layers’ sums (standard deviation over mean) at ${training.join(', ')} of training, trained again after round ${pruning.join(', ')}; under the last mask without training ${mean(masked).toFixed(2)}. Magnitude pruning at once would first empty a layer at compression ${atStart} at initialisation, ${trained} after training, ${atLast} after the last round.`,
        }
      },
      ALL_ARMS,
      Math.exp,
    ),
}
