/** Deficits of made-up (synthetic) rows: differences from the clean run, paired by seed, against the window. */
import { expect, it } from 'vitest'
import type { Results, Row } from '../claims/types.js'
import { deficitsOf } from './deficits.js'
import { plotsOf, renderPlot } from './index.js'

const row = (arm: string, level: number, seed: number, accuracy: number): Row => ({
  arm,
  level,
  density: 1,
  seed,
  metrics: { testAccuracyAtEnd: accuracy },
  stageId: `${arm}/${seed}`,
})
const resultsOf = (rows: Row[]): Results => ({
  paper: 'early-learning',
  title: 'made-up',
  profile: 'smoke',
  dataset: { name: 'made-up', note: 'synthetic rows' },
  rows,
})

/** The clean run differs by 10 points from seed to seed, the deficits by one: only pairs see them. */
const windows = { 'first 10%': 0.02, 'first 50%': 0.06, 'last 50%': -0.01 }
const rows = ['blur', 'labels'].flatMap((what) =>
  [1, 2, 3].flatMap((seed) => [
    row(`${what} first 0%`, 0, seed, 0.5 + 0.1 * seed),
    ...Object.entries(windows).map(([window, deficit], i) =>
      row(`${what} ${window}`, i + 1, seed, 0.5 + 0.1 * seed - deficit - 0.01 * (seed - 2)),
    ),
  ]),
)

it('are points below the clean run of the same seed, with their interval', () => {
  const points = deficitsOf(resultsOf(rows))
  expect(points.map(({ line, window }) => `${line} ${window}`)).toEqual(
    ['blur', 'labels'].flatMap((what) => Object.keys(windows).map((window) => `${what} ${window}`)),
  )
  for (const [i, deficit] of Object.values(windows).entries()) {
    const { mean, low, high, seeds } = points[i]!
    expect(mean).toBeCloseTo(100 * deficit, 10)
    // Three seeds a point apart: s = 1, t(0.975, 2) = 4.302653.
    expect(high! - mean).toBeCloseTo(4.302653 / Math.sqrt(3), 5)
    expect(mean - low!).toBeCloseTo(4.302653 / Math.sqrt(3), 5)
    expect(seeds).toBe(3)
  }
})

it('leave out seeds without a clean run, and kinds without any', () => {
  const partly = rows.filter(({ arm, seed }) => !(arm === 'blur first 0%' && seed === 2) && arm !== 'labels first 0%')
  const points = deficitsOf(resultsOf(partly))
  expect(points.map(({ line, seeds }) => [line, seeds])).toEqual(Object.keys(windows).map(() => ['blur', 2]))
  // Seeds 1 and 3: deficits of a point less and a point more.
  expect(points[1]!.mean).toBeCloseTo(6, 10)
})

it('are the plot of spoilt windows, which has no accuracies', async () => {
  const results = resultsOf(rows)
  const plots = plotsOf(results)
  expect(plots.map(({ name }) => name)).toEqual(['deficit'])
  const svg = await renderPlot(results, plots[0]!)
  for (const text of ['first 10%', 'first 50%', 'last 50%', 'blur', 'labels', 'deficit (points', 'synthetic rows']) {
    expect(svg).toContain(text)
  }
  expect(svg).not.toContain('percent of training')
  expect(svg).not.toContain('first 0%')
  expect(await renderPlot(results, plots[0]!)).toBe(svg)
})

it('are no plot where one window was spoilt', () => {
  expect(plotsOf(resultsOf(rows.filter(({ arm }) => !/first 50%|last/.test(arm))))).toEqual([])
})
