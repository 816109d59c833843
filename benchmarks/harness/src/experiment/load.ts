/** Loads a benchmark module and checks that it is one. */
import { UserError } from '@winning-tickets/core'
import { z } from 'zod'
import type { Benchmark } from './types.js'

const named = z.looseObject({ name: z.string() })
const moduleSchema = z.looseObject({
  benchmark: z.looseObject({
    experiments: z.array(named),
    claims: z.array(z.looseObject({ id: z.string() })),
    kinds: z.array(named),
  }),
})

/**
 * The `benchmark` that a module exports.
 *
 * @param url file URL of the built module
 * @throws UserError if there is no such module or no such export
 */
export async function loadBenchmark(url: string): Promise<Benchmark> {
  let loaded: { readonly benchmark: Benchmark }
  try {
    loaded = await import(url)
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UserError(`The benchmark module ${url} cannot be loaded (${line}): run "npm run build" first.`)
  }
  if (!moduleSchema.safeParse(loaded).success) {
    throw new UserError(`The module ${url} must export "benchmark" with experiments, claims and kinds.`)
  }
  return loaded.benchmark
}
