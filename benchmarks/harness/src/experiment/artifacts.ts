/** What reports draw of artifacts. */
import type { InputMap, NeuronMap } from '../claims/types.js'
import { decodeInputs } from '../kinds/inputs.js'
import { decodeNeurons } from '../kinds/neurons.js'
import type { ResultStore } from './results.js'
import type { Cell } from './types.js'

/** The maps of arms whose stages keep them, each at its largest density below 1; means over the seeds whose artifacts are there. */
export async function inputMaps(cells: readonly Cell[], store: ResultStore): Promise<InputMap[]> {
  const maps: InputMap[] = []
  for (const arm of new Set(cells.map((cell) => cell.arm))) {
    const pruned = cells.filter((cell) => cell.arm === arm && cell.density < 1)
    const density = Math.max(...pruned.map((cell) => cell.density))
    const found = await Promise.all(
      pruned.filter((cell) => cell.density === density).map((cell) => countsOf(cell, store)),
    )
    const seeds = found.flatMap((counts) => counts ?? [])
    if (seeds.length > 0) {
      maps.push({
        arm,
        density,
        kept: meansOf(seeds.map(({ kept }) => kept)),
        image: meansOf(seeds.map(({ image }) => image)),
      })
    }
  }
  return maps
}

async function countsOf({ stage, part }: Cell, store: ResultStore) {
  const bytes = await artifactOf(stage.id, 'inputs', store)
  if (bytes === undefined) return undefined
  const { kept, image } = decodeInputs(bytes)
  const counts = kept[Number(part)]
  return counts && { kept: counts, image }
}

/** What comes into neurons and leaves them, of the first seed of each arm whose stages keep it. */
export async function neuronMaps(cells: readonly Cell[], store: ResultStore): Promise<NeuronMap[]> {
  const firsts = [...new Set(cells.map(({ arm }) => arm))].map((arm) => cells.find((cell) => cell.arm === arm)!)
  const found = await Promise.all(
    firsts.map(async ({ arm, seed, stage }) => ({ arm, seed, bytes: await artifactOf(stage.id, 'neurons', store) })),
  )
  return found.flatMap(({ bytes, ...of }) => (bytes === undefined ? [] : [{ ...of, saliencies: decodeNeurons(bytes) }]))
}

async function artifactOf(id: string, name: string, { records, artifacts }: ResultStore) {
  const hash = (await records.get(id))?.deterministic.artifacts[name]
  return hash === undefined ? undefined : artifacts?.get(hash)
}

/** Of lists of one length, place by place. */
const meansOf = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]!.map((_, i) => lists.reduce((sum, list) => sum + list[i]!, 0) / lists.length)
