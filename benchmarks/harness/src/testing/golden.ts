/** What golden tests of stages need, in every benchmark: a way to run one, inputs that are done, and digests that hold on every CPU. */
import { sha256 } from '@winning-tickets/core'
import { parseConfig } from '../stage/create.js'
import { canonicalJson } from '../stage/json.js'
import type { StageInput, StageKind, StageOutcome } from '../stage/types.js'

/** Runs stages outside a store. Engine, graphs and data are made once; `dispose` after the file's tests. */
export function stageRunner() {
  const made = new Map<string, Promise<object>>()
  const disposers: (() => Promise<void>)[] = []
  const cache = {
    get<T extends object>(key: string, make: () => Promise<T>, dispose?: (value: T) => Promise<void>): Promise<T> {
      const known = made.get(key) as Promise<T> | undefined
      if (known !== undefined) return known
      const value = make()
      made.set(key, value)
      if (dispose) disposers.push(async () => dispose(await value))
      return value
    },
  }
  async function dispose(): Promise<void> {
    for (const each of disposers) await each()
  }

  function run<Config extends object, Input>(
    kind: StageKind<Config, Input>,
    given: Input,
    inputs: Readonly<Record<string, StageInput>> = {},
  ): Promise<StageOutcome> {
    const checkpoint = { path: '/nonexistent/checkpoint', seconds: 1e9 }
    return kind.run({ config: parseConfig(kind, given), inputs, cache, checkpoint, progress: () => {} })
  }
  return { run, cache, dispose }
}

/** What to raise if a case alone fails: core's own golden tests are finer. */
export const elsewhere = 'if packages/core/src/semantics.test.ts names a rule, raise that one; if not, '

/** A stage that is done, as a later one sees it. */
export const finished = (artifacts: StageOutcome['artifacts'] = {}): StageInput => ({
  id: 'finished',
  result: {},
  async artifact(name) {
    const bytes = artifacts[name]
    if (bytes === undefined) throw new Error(`The finished stage has no artifact "${name}".`)
    return bytes
  },
})

export const digest = (value: object): string =>
  sha256(Buffer.from(canonicalJson(value, 'The golden value'))).slice(0, 16)

/**
 * Three digits of a loss, two of an accuracy: the last bits of floats differ between CPUs with and without AVX-512.
 *
 * @throws Error if the number lies so near to the middle of two that it might be rounded either way
 */
export function rounded(value: number, digits: number): number {
  const units = value * 10 ** digits
  if (Math.abs((Math.abs(units) % 1) - 0.5) < 0.005) {
    throw new Error(`${value} may be rounded up on one CPU and down on another; give the golden stage another seed.`)
  }
  return Math.round(units)
}
