/** A benchmark that needs a data set without a download address, for the harness's own tests. */
import { z } from 'zod'
import type { Benchmark } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import type { StageKind } from '../stage/types.js'
import { benchmark as toy } from './toy.js'

const schema = z.strictObject({ data: z.strictObject({ dataset: z.string() }) })

const reader: StageKind<z.output<typeof schema>> = {
  name: 'lacking/reader',
  schema,
  semantics: {},
  identity: () => ({ dataHash: 'lacking' }),
  cost: () => ({ steps: 1, seconds: 1 }),
  run: async () => {
    throw new Error('a stage ran without its data')
  },
}

export const benchmark: Benchmark = {
  kinds: [reader],
  claims: [],
  experiments: [
    {
      name: 'lacking',
      title: 'Stages without data',
      profiles: toy.experiments[0]!.profiles,
      async plan() {
        const stage = await createStage(reader, { data: { dataset: 'cifar10-jpeg' } })
        return [{ arm: 'reader', level: 0, density: 1, seed: 1, stage }]
      },
    },
  ],
}
