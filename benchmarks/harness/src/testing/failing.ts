/** A benchmark one of whose stages fails, for the harness's own tests. */
import type { Benchmark } from '../experiment/types.js'
import { createStage } from '../stage/create.js'
import { chain, benchmark as toy } from './toy.js'

export const benchmark: Benchmark = {
  kinds: [chain],
  claims: toy.claims.map((claim) => ({ ...claim, id: claim.id.replace('TOY', 'BAD') })),
  experiments: [
    {
      name: 'failing',
      title: 'Chains of hashes, one of which breaks',
      profiles: toy.experiments[0]!.profiles,
      async plan() {
        const bad = await createStage(chain, { value: 1, fails: true }, { label: 'the bad one' })
        const child = await createStage(chain, { value: 2 }, { inputs: { bad } })
        const good = await createStage(chain, { value: 3 })
        return [
          { arm: 'ticket', level: 0, density: 1, seed: 1, stage: child },
          { arm: 'ticket', level: 0, density: 1, seed: 2, stage: good },
        ]
      },
    },
  ],
}
