/** The reports of a bench, each written as soon as the last stage of its experiment has come to an end. */
import { topological } from '../execute/plan.js'
import type { ExecutionEvent, Summary } from '../execute/types.js'
import type { Cell } from '../experiment/types.js'

export interface Reports<Report> {
  onEvent(event: ExecutionEvent): void
  /** All reports, in the order of the grids; after an interruption those of experiments that had come to an end. */
  written(ended: Summary['ended']): Promise<readonly Report[]>
}

/** @param write writes a grid's report; one at a time */
export function reportsOf<Grid extends { readonly cells: readonly Cell[] }, Report>(
  grids: readonly Grid[],
  write: (grid: Grid) => Promise<Report>,
): Reports<Report> {
  const left = new Map(grids.map((grid) => [grid, new Set(topological(grid.cells.map(({ stage }) => stage)))]))
  const reports = new Map<Grid, Promise<Report>>()
  let last: Promise<unknown> = Promise.resolve()

  function begin(grid: Grid): void {
    left.delete(grid)
    const report = last.then(() => write(grid))
    reports.set(grid, report)
    // Who asks for the reports is told what went wrong.
    last = report.catch(() => {})
  }

  function settle(over: (id: string) => boolean): void {
    for (const [grid, stages] of left) {
      for (const stage of stages) if (over(stage.id)) stages.delete(stage)
      if (stages.size === 0) begin(grid)
    }
  }

  return {
    onEvent(event) {
      if (event.type === 'planned') {
        const pending = new Set(event.pending.map(({ id }) => id))
        settle((id) => !pending.has(id))
      } else if (event.type === 'finished' || event.type === 'failed' || event.type === 'skipped') {
        settle((id) => id === event.stage.id)
      }
    },
    written(ended) {
      if (ended !== 'interrupted') for (const grid of left.keys()) begin(grid)
      return Promise.all(grids.flatMap((grid) => reports.get(grid) ?? []))
    },
  }
}
