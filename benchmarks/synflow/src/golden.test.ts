/**
 * Golden stages of SynFlow's own kinds: they give what they always gave. Whoever changes numbers on purpose raises the integer
 * that the failing test names. Those of the kind "score" are in the harness.
 */
import { encodeSafetensors, initialWeights, prunableParameters, sizeOf } from '@winning-tickets/core'
import { buildModel, encodeMasks, parseConfig } from '@winning-tickets/harness'
import { digest, elsewhere, finished, rounded, stageRunner } from '@winning-tickets/harness/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { conservationKind } from './conservation-stage.js'
import { magnitudesKind } from './magnitudes-stage.js'

const { run, dispose } = stageRunner()
afterAll(dispose)

describe(conservationKind.name, () => {
  const config = parseConfig(conservationKind, {
    data: { dataset: 'fashion-mnist-extract', validation: 1000 },
    model: { name: 'lenet-300-100', options: { hidden: [12, 8] } },
    seed: 3,
    perClass: 2,
  })

  test('the graphs are the same', async () => {
    const { traceHashes = {} } = await conservationKind.identity(config)
    const advice =
      'the traced graphs of saliencies changed, and ids with them: nothing is to be raised; pin the new digest'
    expect(digest(traceHashes), advice).toBe('5e1eb169bea1dd6b')
  })

  test('errors of conservation', async () => {
    const {
      'layers/grasp': layers,
      'neurons/grasp': neurons,
      ...conserved
    } = (await run(conservationKind, config)).result.metrics!
    // Rounding errors of doubles differ from CPU to CPU; that they are no more than that does not.
    const golden = {
      layers: rounded(layers!, 4),
      neurons: rounded(neurons!, 4),
      conserved: Object.entries(conserved).map(([name, error]) => [name, error < 1e-10]),
    }
    const advice =
      'a stage of the kind "synflow/conservation" has another result: if its graphs changed, only pin the new digest; if they did not, host code changed: raise conservation in conservation-stage.ts; then pin the new digest'
    expect(digest(golden), advice).toBe('fec12166fadb607f')
  })
})

describe(magnitudesKind.name, () => {
  const model = { name: 'lenet-300-100' as const, options: { hidden: [12, 8] } }
  const network = buildModel(model)
  const weights = initialWeights(network, 8)
  const inputs = {
    mask: finished({
      mask: encodeMasks(
        network,
        Object.fromEntries(
          prunableParameters(network).map(({ name, shape }, layer) => [
            name,
            Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i % (4 - layer) === 0 ? 1 : 0)),
          ]),
        ),
      ),
    }),
    trained: finished({
      'weights@7': encodeSafetensors(
        Object.fromEntries(
          network.parameters.map(({ name, shape }) => [name, { dtype: 'float32', shape, data: weights[name]! }]),
        ),
      ),
    }),
  }

  test.each([
    ['initial weights', { weights: { from: 'init', seed: 8 }, masked: false }, '33b6f8162a249d7a'],
    ['kept weights under a mask', { weights: { from: 'kept', step: 7 }, masked: true }, '48453fec36a8b046'],
  ] as const)('%s', async (_, config, pinned) => {
    const { result } = await run(magnitudesKind, { model, ...config }, inputs)
    const golden = Object.entries(result.metrics!).map(([name, value]) => [name, rounded(value, 5)])
    const advice = `a stage of the kind "synflow/magnitudes" measures something else: ${elsewhere}magnitudes in magnitudes-stage.ts; then pin the new digest`
    expect(digest({ golden }), advice).toBe(pinned)
  })
})
