/** From timings to lines of the report. */
import type { Case, Layout } from './cases.js'

/** What one side showed over all rounds that count. */
export interface SideFigures {
  /** Steps a second of each timing, summed over processes. */
  readonly rates: readonly number[]
  readonly version: string
  /** Summed over processes. */
  readonly peakMb: number
}

/** The peer in one memory layout. */
export interface PeerFigures {
  readonly layout: Layout
  readonly value: number
  /** ours / peer, of the case's unit. */
  readonly ratio: number
  readonly peakMb: number
  /** ours / peer, of peak memory. */
  readonly peakRatio: number
}

/** A line of the report; what needs PyTorch is null where it is not installed. */
export interface Measurement {
  readonly name: string
  readonly ours: number
  /** In the layout that is faster. */
  readonly peer: number | null
  /** ours / peer: for steps/s we are faster above 1, for times below 1. */
  readonly ratio: number | null
  readonly unit: Case['unit']
  readonly peerVersion: string
  /** The layout that `peer` and `ratio` are of. */
  readonly peerLayout: Layout | null
  readonly title: string
  readonly oursPeakMb: number
  readonly peerPeakMb: number | null
  /** Every layout. */
  readonly peers: readonly PeerFigures[]
}

export const NOT_INSTALLED = 'not installed'

/** Medians over timings, and their ratios. */
export function summarise(
  { name, title, unit }: Pick<Case, 'name' | 'title' | 'unit'>,
  ours: SideFigures,
  peers: Readonly<Partial<Record<Layout, SideFigures>>>,
): Measurement {
  const medianOf = ({ rates }: SideFigures) => median(rates.map((rate) => (unit === 'steps/s' ? rate : 1000 / rate)))
  const value = medianOf(ours)
  const figures = Object.entries(peers).map(([layout, side]): PeerFigures => {
    const peer = medianOf(side)
    const { peakMb } = side
    return {
      layout: layout as Layout,
      value: peer,
      ratio: value / peer,
      peakMb,
      peakRatio: ours.peakMb / peakMb,
    }
  })
  const faster = (a: PeerFigures, b: PeerFigures) => (unit === 'steps/s' ? a.value > b.value : a.value < b.value)
  const best = figures.reduce<PeerFigures | undefined>((a, b) => (a === undefined || faster(b, a) ? b : a), undefined)
  return {
    name,
    ours: value,
    peer: best?.value ?? null,
    ratio: best?.ratio ?? null,
    unit,
    peerVersion: Object.values(peers)[0]?.version ?? NOT_INSTALLED,
    peerLayout: best?.layout ?? null,
    title,
    oursPeakMb: ours.peakMb,
    peerPeakMb: best?.peakMb ?? null,
    peers: figures,
  }
}

/** For people: a line a case, with every layout of the peer where there are several. */
export function line({ name, ours, unit, peerVersion, oursPeakMb, peers }: Measurement): string {
  const digits = unit === 'steps/s' ? 0 : 1
  const number = (value: number) => value.toFixed(digits).padStart(digits === 0 ? 6 : 8)
  const megabytes = (value: number) => `${value.toFixed(0)} MB`
  const begin = `${name.padEnd(26)}${number(ours)} ${unit}`
  if (peers.length === 0) return `${begin}   peer: ${NOT_INSTALLED}   peak ${megabytes(oursPeakMb)}`
  const each = peers.map(({ layout, value, ratio, peakMb }) => {
    const which = peers.length === 1 ? peerVersion : `${peerVersion} ${layout}`
    return `${which}: ${number(value)}   ratio ${ratio.toFixed(2)}   peak ${megabytes(oursPeakMb)} / ${megabytes(peakMb)}`
  })
  return [begin, ...each].join('   ')
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
