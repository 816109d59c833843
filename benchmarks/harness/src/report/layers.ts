/** What is left of each layer of a ticket, and what a forward pass costs. */
import {
  type DensityRecord,
  densityRecord,
  type Flops,
  forwardFlops,
  type Masks,
  type Model,
  prunableParameters,
} from '@winning-tickets/core'

export interface LayerShare {
  readonly name: string
  readonly shape: readonly number[]
  readonly prunable: number
  readonly kept: number
  /** kept / prunable */
  readonly density: number
}

export interface TicketShape {
  readonly density: Omit<DensityRecord, 'layers' | 'collapsed'>
  /** Prunable parameters in the model's order. */
  readonly layers: readonly LayerShare[]
  /** Kernels of which nothing is kept: no input reaches the output through them. */
  readonly collapsed: readonly string[]
  /** Of one example's forward pass, a multiply-add counted as two. */
  readonly flops: Flops
}

/** The shape of a mask; without one, of the dense network. */
export function ticketShape(model: Model, mask?: Masks): TicketShape {
  const { layers, collapsed, ...density } = densityRecord(model, mask)
  const parameters = prunableParameters(model)
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]))
  const kernels = new Set(parameters.filter(({ role }) => role === 'kernel').map(({ name }) => name))
  return {
    density,
    layers: layers.map(({ name, prunable, kept }) => ({
      name,
      shape: shapes.get(name)!,
      prunable,
      kept,
      density: kept / prunable,
    })),
    collapsed: collapsed.filter((name) => kernels.has(name)),
    flops: forwardFlops(model, Object.fromEntries(layers.map(({ name, kept }) => [name, kept]))),
  }
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of block characters, exact to an eighth of a character; something is shown of all that is not nothing. */
export function bar(fraction: number, width: number): string {
  const eighths = fraction > 0 ? Math.max(1, Math.round(fraction * width * 8)) : 0
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
}

/** "86.81%", "5.00%", "0.013%": two digits that count, at least. */
export function percent(fraction: number): string {
  const value = 100 * fraction
  return `${value === 0 || value >= 1 ? value.toFixed(2) : value.toPrecision(2)}%`
}

/** Said of a mask that leaves no way through the network. */
export const CUT = 'cut: no path from input to output is left, so the output does not depend on the input'

/** A line a layer with a bar; the longest bar is the densest layer. */
export function layerLines({ layers, collapsed }: TicketShape, width = process.stdout.columns ?? 100): string[] {
  const cells = layers.map(({ name, shape, prunable, kept, density }) => [
    name,
    shape.join('x'),
    kept.toLocaleString('en'),
    prunable.toLocaleString('en'),
    percent(density),
  ])
  const head = ['layer', 'shape', 'kept', 'of', 'density']
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  const room = Math.min(40, Math.max(10, width - line(head).length - 2))
  const most = Math.max(...layers.map(({ density }) => density), Number.MIN_VALUE)
  return [
    line(head),
    ...layers.map(({ name, density }, i) => {
      const shown = collapsed.includes(name) ? 'collapsed' : bar(density / most, room)
      return `${line(cells[i]!)}  ${shown}`.trimEnd()
    }),
  ]
}
