/** Our side of the scoring cases, on a small network: `seconds` throws unless the mask has the right size. */
import { createEngine } from '@winning-tickets/jit'
import { expect, it } from 'vitest'
import { cases } from './cases.js'
import { scoringRun } from './scoring.js'
import type { ScoreWork } from './work.js'

const works = cases.flatMap(({ name, work }) => (work.task === 'score' ? [[name, work] as const] : []))

it('has a case for each method and network of the issue', () => {
  const covered = works.map(([, { method, model, precision }]) => `${method} ${model} ${precision}`)
  for (const model of ['vgg-16', 'resnet-18']) {
    for (const method of ['snip', 'grasp', 'synflow']) expect(covered).toContain(`${method} ${model} float32`)
    expect(covered).toContain(`synflow ${model} float64`)
  }
})

const kinds = new Map(works.map(([, work]) => [`${work.method} ${work.precision}`, work]))

it.each([...kinds])('finds a mask: %s', async (_, work) => {
  const small: ScoreWork = {
    ...work,
    model: 'lenet-5-caffe',
    batch: 10,
    examples: 20,
    rounds: Math.min(2, work.rounds),
  }
  const engine = await createEngine()
  const run = await scoringRun(engine, small)
  expect(run.parameters).toBe(431_080)
  expect(await run.seconds(1)).toBeGreaterThan(0)
  await engine.dispose()
})
