/** From a grid and a store to rows, and from rows to the records of claims. */
import type { Claim, ClaimRecord, Environment, Results, Row } from '../claims/types.js'
import type { JsonObject } from '../stage/json.js'
import type { Stage } from '../stage/types.js'
import { nothing } from '../statistics/verdict.js'
import type { Observed, Store } from '../store/types.js'
import { inputMaps, neuronMaps } from './artifacts.js'
import type { Profile } from './profile.js'
import type { Cell, Experiment, Settings } from './types.js'

/** What results are read from. */
export interface ResultStore {
  readonly records: Pick<Store['records'], 'get'>
  readonly artifacts?: Pick<Store['artifacts'], 'get'>
}

/** The rows of a grid that the store has, of seeds that have all their cells: a half-run seed would bias a mean. */
export async function collectResults(
  experiment: Experiment,
  profile: Profile,
  settings: Settings,
  cells: readonly Cell[],
  store: ResultStore,
): Promise<Results> {
  const rows: Row[] = []
  const incomplete = new Set<number>()
  const observed = new Map<string, Observed>()
  for (const cell of cells) {
    const { arm, level, density, seed, stage } = cell
    const record = await store.records.get(stage.id)
    const metrics = metricsOf(record?.deterministic.result, cell)
    if (metrics === undefined) incomplete.add(seed)
    else rows.push({ arm, level, density, seed, metrics, stageId: stage.id })
    if (record !== undefined) observed.set(stage.id, record.observed)
  }
  const complete = rows.filter(({ seed }) => !incomplete.has(seed))
  const whole = cells.filter(({ seed }) => !incomplete.has(seed))
  const [maps, neurons] = await Promise.all([inputMaps(whole, store), neuronMaps(whole, store)])
  return {
    paper: experiment.name,
    title: experiment.title,
    profile,
    dataset: settings.dataset,
    ...(settings.deviations === undefined ? {} : { deviations: settings.deviations }),
    rows: complete,
    ...(maps.length > 0 && { maps }),
    ...(neurons.length > 0 && { neurons }),
    environments: environmentsOf(new Set(complete.map(({ stageId }) => stageId)), observed),
  }
}

function metricsOf(result: JsonObject | undefined, { part, layered }: Cell): Row['metrics'] | undefined {
  const found = part === undefined ? result?.metrics : (result?.parts as JsonObject | undefined)?.[part]
  if (found === undefined || layered === undefined) return found as Row['metrics'] | undefined
  const layers = Object.entries(result?.layers ?? {}).map(([layer, value]) => [`${layered}/${layer}`, value])
  return { ...(found as Row['metrics']), ...Object.fromEntries(layers) }
}

/** The stages of a grid, a batch a seed, for only seeds that are whole count. */
export function batchesOf(cells: readonly Cell[]): readonly (readonly Stage[])[] {
  const seeds = [...new Set(cells.map(({ seed }) => seed))]
  return seeds.map((wanted) => cells.filter(({ seed }) => seed === wanted).map(({ stage }) => stage))
}

/** The places where the given stages ran, each with its share. */
function environmentsOf(ids: ReadonlySet<string>, observed: ReadonlyMap<string, Observed>): Environment[] {
  const places = new Map<string, Environment>()
  for (const id of ids) {
    const { cpu, engine, node, seconds } = observed.get(id)!
    const place = [cpu, engine, node].join('\n')
    const { runs, seconds: before } = places.get(place) ?? { runs: 0, seconds: 0 }
    places.set(place, { cpu, engine, node, runs: runs + 1, seconds: before + seconds })
  }
  return [...places.values()]
}

/** Judges a claim; a claim without rows is 'not run', and one whose check fails says why. */
export function judge(claim: Claim, results: Results): ClaimRecord {
  const { id, title, unit, paper } = claim
  const { name, note } = results.dataset
  const run = results.rows.length > 0
  const finding = run ? check(claim, results) : { ...nothing('No results yet.'), detectable: undefined }
  return {
    id,
    title,
    verdict: run ? finding.verdict : 'not run',
    profile: results.profile,
    seeds: finding.seeds,
    effect: finding.effect,
    low: finding.low,
    high: finding.high,
    detectable: finding.detectable ?? null,
    unit,
    paper,
    dataset: note === undefined ? name : `${name} (${note})`,
    detail: finding.detail,
    evidence: run ? [...new Set(results.rows.map(({ stageId }) => stageId))] : [],
  }
}

/** A claim that cannot be checked decides nothing; its reason is shown where its sentence would be. */
function check(claim: Claim, results: Results) {
  try {
    return claim.check(results)
  } catch (error) {
    return nothing(`The check failed: ${error instanceof Error ? error.message : error}`)
  }
}
