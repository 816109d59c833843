/** Runs `plans.child.ts`, and tells the plans of two copies apart. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import type { Plans, StageRecord } from './plans.child.js'
import { javascript, sourceText } from './sources.js'

const program = 'tools/house/src/copies/plans.child.ts'

/** The plans of copies in a workshop that share one jit, by the copy's name; one process plans them all. */
export async function plansOf(
  workshop: string,
  names: readonly string[],
): Promise<Readonly<Record<string, Plans | undefined>>> {
  const script = join(workshop, 'plans.mjs')
  writeFileSync(script, await javascript(program, sourceText(program)))
  const copies = names.map((name) => join(workshop, name))
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...copies], { maxBuffer: 2 ** 30 })
  const plans = JSON.parse(stdout) as Record<string, Plans>
  return Object.fromEntries(Object.entries(plans).map(([copy, plan]) => [basename(copy), plan]))
}

export const idsOf = (plans: Plans): readonly string[] => Object.values(plans).flatMap(ids)
const ids = (stages: readonly StageRecord[]): string[] => stages.map(({ id }) => id)

/** How a stage of a changed copy differs from its like in the untouched one. */
export interface Difference {
  /** Where it is: "smoke 3". */
  readonly where: string
  /** The stage before the change. */
  readonly stage: StageRecord
  readonly idChanged: boolean
  /** Its own parts that changed ("graph train", "semantics topK", "config"), sorted. */
  readonly parts: readonly string[]
  /** Whether the id of one of its inputs changed. */
  readonly inputChanged: boolean
}

/** Stage by stage; the two plans must have the same form. */
export function differences(before: Plans, after: Plans): readonly Difference[] {
  return Object.entries(before).flatMap(([grid, stages]) => {
    const others = after[grid]
    if (JSON.stringify(stages.map(form)) !== JSON.stringify(others?.map(form))) {
      throw new Error(`The change gives the grid ${grid} another form, so its stages cannot be compared one by one.`)
    }
    const changed = stages.map(({ id }, i) => id !== others![i]!.id)
    return stages.map((stage, i) => {
      const names = new Set([...Object.keys(stage.parts), ...Object.keys(others![i]!.parts)])
      return {
        where: `${grid} ${i}`,
        stage,
        idChanged: changed[i]!,
        parts: [...names].filter((name) => stage.parts[name] !== others![i]!.parts[name]).sort(),
        inputChanged: stage.inputs.some((input) => changed[input]),
      }
    })
  })
}

const form = ({ kind, inputs }: StageRecord) => [kind, inputs]
