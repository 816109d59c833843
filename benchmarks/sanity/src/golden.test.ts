/** A golden look at a network: whoever changes numbers on purpose raises the integer that the failing test names. */
import { initialWeights } from '@winning-tickets/core'
import { buildModel, encodeWeights, sharedKinds } from '@winning-tickets/harness'
import { digest, elsewhere, finished, rounded, stageRunner } from '@winning-tickets/harness/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { benchmark } from './index.js'
import { snapshotKind } from './snapshot-stage.js'

const setting = { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } }
const network = buildModel(setting)

const { run, dispose } = stageRunner()
afterAll(dispose)

describe(snapshotKind.name, () => {
  const trained = finished({ weights: encodeWeights(network, initialWeights(network, 8)) })

  test('a look at the start', async () => {
    const config = {
      data: { dataset: 'fashion-mnist-extract', validation: 1000 },
      model: setting,
      seed: 7,
      step: 0,
      density: 0.3,
    }
    const { result } = await run(snapshotKind, config, { trained })
    const { maskOverlap, ...accuracies } = result.metrics!
    const look = {
      layers: Object.entries(result.layers as Record<string, number>).map(([name, share]) => [name, rounded(share, 4)]),
      overlap: rounded(maskOverlap!, 4),
      accuracies: Object.entries(accuracies).map(([name, value]) => [name, rounded(value, 1)]),
    }
    const advice = `a stage of the kind "${snapshotKind.name}" sees something else: if its graph changed, only pin the new digest; if it did not, host code changed: ${elsewhere}snapshot in snapshot-stage.ts; then pin the new digest`
    expect(digest(look), advice).toBe('4c773f56bb3582e2')
  })
})

test('its own kind is all that needs golden stages', () => {
  // Those of the shared kinds are in benchmarks/imp.
  const kinds: readonly string[] = [...sharedKinds.map(({ name }) => name), snapshotKind.name]
  expect(benchmark.kinds.map(({ name }) => name)).toEqual(kinds)
})
