/** Toy grids from end to end, in this process and with real worker processes that fail, die and race. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStage } from '../stage/create.js'
import type { Stage } from '../stage/types.js'
import { openStore } from '../store/disk.js'
import type { Store } from '../store/types.js'
import { contents } from '../testing/contents.js'
import { benchmark, chain } from '../testing/toy.js'
import { type ExecuteOptions, execute } from './execute.js'
import { planStages } from './plan.js'
import type { ExecutionEvent } from './types.js'

const dist = (path: string) => new URL(`../../dist/${path}`, import.meta.url)
const forked = { modules: [dist('testing/toy.js').href], script: dist('execute/worker.js').pathname }
const local = { kinds: benchmark.kinds }

let folder: string
let store: Store
let events: ExecutionEvent[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'execute-'))
  store = await openStore(join(folder, 'store'))
  events = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const run = (targets: readonly Stage[], options: Partial<ExecuteOptions> = {}) =>
  execute([targets], { store, where: local, workers: 2, onEvent: (event) => events.push(event), ...options })

/** Takes a hundred times as long as it says. */
const slyChain: typeof chain = {
  ...chain,
  cost: (config) => ({ ...chain.cost(config), seconds: chain.cost(config).seconds / 100 }),
}

const count = (type: ExecutionEvent['type']) => events.filter((event) => event.type === type).length

async function grid(profile: 'smoke' | 'small' = 'smoke'): Promise<Stage[]> {
  const [experiment] = benchmark.experiments
  return (await experiment!.plan(experiment!.profiles[profile])).map(({ stage }) => stage)
}

/** What an undisturbed run in this process leaves. */
async function reference(targets: readonly Stage[]): Promise<Record<string, unknown>> {
  const undisturbed = await openStore(join(folder, 'reference'))
  await execute([targets], { store: undisturbed, where: local, workers: 16 })
  return contents(undisturbed)
}

describe('a grid', () => {
  test('runs each shared stage once, inputs first, and never again', async () => {
    const stages = await grid()
    const summary = await run(stages)
    expect(summary).toMatchObject({ total: 10, stored: 0, finished: 10, failed: [], skipped: [], ended: 'complete' })
    expect(count('started')).toBe(10)
    const order = events.flatMap((event) => (event.type === 'finished' ? [event.stage.id] : []))
    for (const stage of stages) {
      for (const input of Object.values(stage.inputs)) {
        expect(order.indexOf(input.id)).toBeLessThan(order.indexOf(stage.id))
      }
    }
    expect(await run(await grid())).toMatchObject({ total: 10, stored: 10, finished: 0 })
    expect(count('started')).toBe(10)
  })

  test('gives the same records in worker processes as in this one', async () => {
    const stages = await grid()
    expect(await run(stages, { where: forked })).toMatchObject({ finished: 10, failed: [] })
    expect(count('progress')).toBeGreaterThan(0)
    expect(await contents(store)).toEqual(await reference(stages))
    const record = await store.records.get(stages[0]!.id)
    expect(record!.observed).toMatchObject({ engine: 'sha256', node: process.version })
  })

  test('takes the longest remaining chain first', async () => {
    const short = await createStage(chain, { value: 1, steps: 5 })
    const root = await createStage(chain, { value: 2, steps: 2 })
    const tail = await createStage(chain, { value: 3, steps: 9 }, { inputs: { root } })
    const plan = await planStages([[short, tail]], store)
    expect([short, root, tail].map(({ id }) => plan.urgency.get(id))).toEqual([0.005, 0.011, 0.009])
    await run([short, tail], { workers: 1 })
    const started = events.flatMap((event) => (event.type === 'started' ? [event.stage.id] : []))
    expect(started).toEqual([root.id, tail.id, short.id])
  })

  test('that comes in batches finishes the first before it begins the next', async () => {
    const short = await createStage(chain, { value: 1, steps: 5 })
    const long = await createStage(chain, { value: 2, steps: 9 })
    const both = await createStage(chain, { value: 3, steps: 2 }, { inputs: { root: long } })
    await execute([[short], [both, long]], { store, where: local, workers: 1, onEvent: (event) => events.push(event) })
    const started = events.flatMap((event) => (event.type === 'started' ? [event.stage.id] : []))
    expect(started).toEqual([short.id, long.id, both.id])
  })
})

describe('failures', () => {
  test('a failed stage is named, its dependants are skipped, the rest goes on', async () => {
    const bad = await createStage(chain, { value: 7, fails: true }, { label: 'the bad one' })
    const child = await createStage(chain, { value: 1 }, { inputs: { bad } })
    const grandchild = await createStage(chain, { value: 2 }, { inputs: { child } })
    const good = await createStage(chain, { value: 8 })
    const summary = await run([grandchild, good], { where: forked })
    expect(summary.failed).toMatchObject([{ stage: { label: 'the bad one' }, message: 'value 7 is not to its liking' }])
    expect(summary.skipped.map(({ id }) => id)).toEqual([child.id, grandchild.id])
    expect(summary.finished).toBe(1)
    expect(await store.records.get(good.id)).toBeDefined()
    expect(await store.records.get(bad.id)).toBeUndefined()
  })

  test('the stage of a dead worker runs on a new one', async () => {
    const stages = [
      await createStage(chain, { value: 1, diesWithout: join(folder, 'once') }),
      await createStage(chain, { value: 2 }),
    ]
    expect(await run(stages, { where: forked })).toMatchObject({ finished: 2, failed: [] })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retried', message: 'The worker process ended by SIGKILL.' }),
    )
  })

  test('a stage goes on from its checkpoint on a new worker, and leaves none', async () => {
    const stage = await createStage(chain, { value: 1, steps: 3, milliseconds: 250, diesWithout: join(folder, 'once') })
    await run([stage], { where: forked })
    expect(count('retried')).toBe(1)
    // The worker died after its last step: the second had nothing left to do, and showed no step again.
    const steps = events.flatMap((event) => (event.type === 'progress' ? [event.progress.step] : []))
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
    expect(new Set(steps).size).toBe(steps.length)
    expect(existsSync(store.checkpointPath(stage.id))).toBe(false)
    expect(await contents(store)).toEqual(await reference([stage]))
  })

  test('a checkpoint that cannot be used is told of, and the stage begins anew', async () => {
    const stage = await createStage(chain, { value: 1 })
    await mkdir(dirname(store.checkpointPath(stage.id)), { recursive: true })
    await writeFile(store.checkpointPath(stage.id), 'nonsense')
    expect(await run([stage])).toMatchObject({ finished: 1, failed: [] })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringMatching(/begins anew: .* is damaged/) }),
    )
    expect(await contents(store)).toEqual(await reference([stage]))
  })

  test('a stage that kills every worker fails after two more', async () => {
    const stage = await createStage(chain, { value: 1 })
    const killer = { modules: [dist('testing/deadly.js').href], script: forked.script }
    const summary = await run([stage], { where: killer })
    expect(count('retried')).toBe(2)
    expect(summary.failed).toMatchObject([{ message: 'The worker process ended with exit code 3 (out of luck).' }])
  })

  test('a module that cannot be loaded ends the run with its name', async () => {
    const broken = { modules: ['file:///no/such/module.js'], script: forked.script }
    await expect(run(await grid(), { where: broken })).rejects.toThrow('file:///no/such/module.js')
  })

  test('a result that JSON cannot carry fails its stage', async () => {
    const nan = { ...chain, run: async () => ({ result: { metrics: { loss: Number.NaN } } }) }
    const stage = await createStage(nan, { value: 1 })
    const { failed } = await run([stage], { where: { kinds: [nan] } })
    expect(failed[0]!.message).toContain('its "metrics.loss" is not a JSON value')
  })

  test('code that changed after the plan is refused, not filed under the old id', async () => {
    const stage = await createStage(chain, { value: 1 })
    const changed = { ...chain, semantics: { chain: 2 } }
    await expect(run([stage], { where: { kinds: [changed] } })).rejects.toThrow(/changed during the run/)
    expect(await store.records.get(stage.id)).toBeUndefined()
  })
})

describe('the store', () => {
  test('a damaged artifact is made again when somebody needs it, and only then', async () => {
    const first = await createStage(chain, { value: 1 })
    await run([first])
    const { state } = (await store.records.get(first.id))!.deterministic.artifacts
    await writeFile(join(store.location, 'artifacts', state!.slice(0, 2), state!), 'damage')
    expect(await run([first])).toMatchObject({ stored: 1, finished: 0 })
    const second = await createStage(chain, { value: 2 }, { inputs: { first } })
    expect(await run([second])).toMatchObject({ failed: [], skipped: [] })
    expect(count('retried')).toBe(1)
    expect(await contents(store)).toEqual(await reference([second]))
  })

  test('of a fresh clone, records without artifacts, makes again only what a missing stage needs', async () => {
    const stages = await grid()
    await run(stages)
    await rm(join(store.location, 'artifacts'), { recursive: true })
    expect(await run(stages)).toMatchObject({ stored: 10 })
    const next = await createStage(chain, { value: 77 }, { inputs: { ticket: stages[2]! } })
    const before = count('started')
    await run([...stages, next])
    // The new stage, the ticket it stands on, and the dense network below that.
    expect(count('started') - before).toBe(3)
    expect(await contents(store)).toEqual(await reference([...stages, next]))
  })

  test('two executors race on one store and lose nothing', async () => {
    const stages = await grid()
    const other = await openStore(store.location)
    const summaries = await Promise.all([run(stages, { where: forked }), run(stages, { where: forked, store: other })])
    for (const summary of summaries) expect(summary).toMatchObject({ failed: [], skipped: [] })
    // Neither did what the other was doing.
    expect(count('started')).toBe(10)
    expect(await contents(store)).toEqual(await reference(stages))
    expect(await readdir(join(store.location, 'tmp'))).toEqual([])
  })
})

describe('interruption', () => {
  test('an abort stops within a second, and the next run goes on from there', async () => {
    const stages = await grid('small')
    const controller = new AbortController()
    let aborted = 0
    const onEvent = (event: ExecutionEvent) => {
      events.push(event)
      if (event.type !== 'finished' || aborted > 0) return
      aborted = performance.now()
      controller.abort()
    }
    const summary = await run(stages, { where: forked, signal: controller.signal, onEvent })
    expect(performance.now() - aborted).toBeLessThan(1000)
    expect(summary).toMatchObject({ ended: 'interrupted', failed: [] })
    const kept = Object.keys(await contents(store)).length
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(summary.total)
    const resumed = await run(stages, { where: local, workers: 16 })
    expect(resumed).toMatchObject({ stored: kept, finished: summary.total - kept })
    expect(await contents(store)).toEqual(await reference(stages))
  })

  test('an abort between looking a stage up and starting it starts no worker', async () => {
    const stage = await createStage(chain, { value: 1, steps: 1, milliseconds: 5000 })
    const controller = new AbortController()
    let asked = 0
    const get: Store['records']['get'] = async (id) => {
      asked += 1
      // The first question is the plan's.
      if (asked === 2) controller.abort()
      return store.records.get(id)
    }
    const watched: Store = { ...store, records: { ...store.records, get } }
    const began = performance.now()
    const summary = await run([stage], { where: forked, store: watched, signal: controller.signal })
    expect(asked).toBe(2)
    expect(summary).toMatchObject({ ended: 'interrupted', finished: 0 })
    expect(count('started')).toBe(0)
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('at the deadline nothing is begun that would not be done, and what runs too long is stopped', async () => {
    const quick = await createStage(chain, { value: 1, steps: 2, milliseconds: 50 })
    const long = await createStage(chain, { value: 2, steps: 100, milliseconds: 50 })
    const began = performance.now()
    const summary = await run([quick, long], { until: began + 2000 })
    expect(summary).toMatchObject({ ended: 'out of time', finished: 1, failed: [], skipped: [] })
    expect(events.filter(({ type }) => type === 'started')).toMatchObject([{ stage: { id: quick.id } }])
    expect(performance.now() - began).toBeLessThan(1500)

    // Its estimate is a hundredth of its real cost.
    const sly = await createStage(slyChain, { value: 3, steps: 100, milliseconds: 50 })
    const second = performance.now()
    const stopped = await run([sly], {
      where: { modules: forked.modules, script: forked.script },
      until: second + 1500,
    })
    expect(stopped).toMatchObject({ ended: 'out of time', finished: 0, failed: [] })
    expect(performance.now() - second).toBeLessThan(2500)
    expect(await store.leases.list()).toEqual([])
  })

  test('workers end with a parent that was killed, and a rerun makes the same store', async () => {
    const stages = await grid('small')
    const script = `
      const { execute, openStore } = await import(${JSON.stringify(dist('index.js').href)})
      const { benchmark } = await import(${JSON.stringify(dist('testing/toy.js').href)})
      const [experiment] = benchmark.experiments
      const cells = await experiment.plan(experiment.profiles.small)
      const store = await openStore(${JSON.stringify(store.location)})
      const where = { modules: [${JSON.stringify(dist('testing/toy.js').href)}] }
      await execute([cells.map(({ stage }) => stage)], { store, where, workers: 2 })`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
    while (Object.keys(await contents(store)).length < 3) await sleep(20)
    const children = (await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8')).trim().split(' ')
    expect(children).toHaveLength(2)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    const alive = () => children.filter((pid) => isAlive(Number(pid)))
    for (let waited = 0; alive().length > 0 && waited < 2000; waited += 20) await sleep(20)
    expect(alive()).toEqual([])
    await run(stages, { workers: 16 })
    expect(await contents(store)).toEqual(await reference(stages))
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
