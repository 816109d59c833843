/** The densities of the paper's ladders. */
import { densityRecord, type Model } from '@winning-tickets/core'
import { type ImpOptions, levelTarget } from '@winning-tickets/imp'

/** The density that a round leaves: (1 - rate)^round of each layer or of all, rounded to whole weights. */
export function densityAfter(network: Model, rates: ImpOptions['rates'], round: number): number {
  if (round === 0) return 1
  const target = levelTarget(network, rates, round)
  const { layers, prunable } = densityRecord(network)
  if (target.scope === 'global') return Math.round(target.density * prunable) / prunable
  const kept = layers.reduce((sum, layer) => sum + Math.round(target.densities[layer.name]! * layer.prunable), 0)
  return kept / prunable
}
