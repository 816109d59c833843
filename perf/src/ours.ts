/** Our side: a child process of the benchmark that does what it reads, line by line. */
import { createInterface } from 'node:readline'
import { createEngine } from '@winning-tickets/jit'
import { inferenceRun } from './inference.js'
import { scoringRun } from './scoring.js'
import type { Answer, Spec } from './side.js'
import { trainingRun } from './training.js'
import type { Run, Work } from './work.js'

const engine = await createEngine({ threads: Number(process.env.PERF_THREADS ?? 1) })
function makeRun(work: Work): Promise<Run> {
  switch (work.task) {
    case 'train':
      return trainingRun(engine, work)
    case 'infer':
      return inferenceRun(engine, work)
    case 'score':
      return scoringRun(engine, work)
  }
}

const runs = new Map<string, Run>()
for await (const line of createInterface({ input: process.stdin })) {
  const { work, steps, repeats } = JSON.parse(line) as Spec
  const key = JSON.stringify(work)
  const run = runs.get(key) ?? (await makeRun(work))
  runs.set(key, run)
  const rates: number[] = []
  for (let i = 0; i < repeats; i++) rates.push(steps / (await run.seconds(steps)))
  const answer: Answer = {
    steps_per_second: rates,
    version: engine.description,
    peak_mb: process.resourceUsage().maxRSS / 1024,
    parameters: run.parameters,
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
