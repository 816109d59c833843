/** The stage that prunes by magnitude: from trained weights (and the mask they were trained under) to a mask. */
import { coreSemantics, densityRecord, pruneByMagnitude } from '@winning-tickets/core'
import { z } from 'zod'
import type { StageKind } from '../stage/types.js'
import { buildModel, modelSchema } from './setup.js'
import { decodeMasks, decodeWeights, encodeMasks, keptByLayer } from './weights.js'

const schema = z.strictObject({
  model: modelSchema,
  /** Whether there is an input "mask": then only weights it still has may stay. */
  masked: z.boolean(),
  target: z.discriminatedUnion('scope', [
    z.strictObject({ scope: z.literal('global'), density: z.number().gt(0).max(1) }),
    z.strictObject({ scope: z.literal('layerwise'), densities: z.record(z.string(), z.number().gt(0).max(1)) }),
  ]),
})

/** Inputs: "trained", and "mask" if `masked`. Artifact: "mask", one bit a weight. */
export const pruneKind: StageKind<z.output<typeof schema>, z.input<typeof schema>> = {
  // Part of ids: it was iterative magnitude pruning's alone.
  name: 'imp/prune',
  schema,
  semantics: { topK: coreSemantics.topK, magnitude: 1 },
  evidence: ['mask'],
  identity: () => ({}),
  cost: () => ({ steps: 1, seconds: 0.1 }),
  async run({ config: { model, masked, target }, inputs }) {
    const network = buildModel(model)
    const trained = decodeWeights(network, await inputs.trained!.artifact('weights'))
    const among = masked ? decodeMasks(network, await inputs.mask!.artifact('mask')) : undefined
    const mask = pruneByMagnitude(network, trained, among, target)
    const { prunable, kept, density, collapsed } = densityRecord(network, mask)
    return {
      result: { prunable, kept, density, collapsed: [...collapsed], layers: keptByLayer(mask) },
      artifacts: { mask: encodeMasks(network, mask) },
    }
  },
}
