/** The scheduler with runners that die to order. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStage } from '../stage/create.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { chain } from '../testing/toy.js'
import { createCache } from './cache.js'
import { planStages } from './plan.js'
import { kindsByName } from './run-stage.js'
import { localRunner } from './runners.js'
import { schedule } from './schedule.js'
import type { Runner } from './types.js'

let folder: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'schedule-'))
  store = await openStore(join(folder, 'store'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A lane whose workers die in their first jobs, each at the step that is given for it. */
function mortal(deaths: readonly number[]): Runner & { readonly jobs: () => number } {
  const lane = localRunner({ store, kinds: kindsByName([chain]), cache: createCache() })
  let jobs = 0
  return {
    ...lane,
    jobs: () => jobs,
    async run(job, watch) {
      const step = deaths[jobs]
      jobs += 1
      if (step === undefined) return lane.run(job, watch)
      watch.progress({ step, steps: 100, loss: 1, accuracy: 0, density: 1 })
      return { type: 'lost', message: `died at step ${step}` }
    },
  }
}

const run = async (targets: readonly Stage[], runner: Runner) =>
  schedule({ plan: await planStages([targets], store), store, runners: [runner], onEvent: () => {} })

describe('a stage whose workers die', () => {
  test('is tried for as long as each gets further than those before it', async () => {
    const runner = mortal([10, 20, 30, 40, 50, 60])
    expect(await run([await createStage(chain, { value: 1 })], runner)).toMatchObject({ finished: 1, failed: [] })
    expect(runner.jobs()).toBe(7)
  })

  test('fails after two more that got no further', async () => {
    const runner = mortal([10, 50, 50, 40])
    expect(await run([await createStage(chain, { value: 1 })], runner)).toMatchObject({
      finished: 0,
      failed: [{ message: 'died at step 40' }],
      ended: 'complete',
    })
    expect(runner.jobs()).toBe(4)
  })
})

test('a run without a deadline that comes to rest before its work is done is an error, not a success', async () => {
  const root = await createStage(chain, { value: 1 })
  const tail = await createStage(chain, { value: 2 }, { inputs: { root } })
  const plan = await planStages([[tail]], store)
  // A plan that forgot the root: its user can never begin.
  const lame = { ...plan, stages: [tail], pending: [tail] }
  await expect(schedule({ plan: lame, store, runners: [mortal([])], onEvent: () => {} })).rejects.toThrow(
    'The run came to rest with 1 of 1 stages left undone.',
  )
})
