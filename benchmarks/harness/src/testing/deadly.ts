/** A benchmark whose one kind of stage ends every worker, for the harness's own tests. */
import type { Benchmark } from '../experiment/types.js'
import { chain } from './toy.js'

export const benchmark: Benchmark = {
  experiments: [],
  claims: [],
  kinds: [
    {
      ...chain,
      async run() {
        process.stderr.write('out of luck\n')
        process.exit(3)
      },
    },
  ],
}
