/** Time left for a set of stages. */
import type { Stage } from '../stage/types.js'

/** The cost still to do at the pace of this run so far; by the estimates until a fiftieth is done. */
export class Pace {
  private readonly began: number
  private total = 0
  private workers = 1
  private done = 0
  private readonly partial = new Map<string, number>()

  /** @param now a clock in milliseconds that only goes forward */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.began = now()
  }
  plan(pending: readonly Stage[], workers: number): void {
    this.total = pending.reduce((sum, { cost }) => sum + cost.seconds, 0)
    this.workers = workers
  }
  /** A running stage is at `fraction` of its steps. */
  advance({ id, cost }: Stage, fraction: number): void {
    this.partial.set(id, cost.seconds * fraction)
  }
  /** A stage will cost no more: it finished, or it never will. */
  settle({ id, cost }: Stage): void {
    this.partial.delete(id)
    this.done += cost.seconds
  }
  /** A stage begins again. */
  restart({ id }: Stage): void {
    this.partial.delete(id)
  }
  /** Of the whole cost, in 0..1. */
  get fraction(): number {
    const running = [...this.partial.values()].reduce((sum, value) => sum + value, 0)
    return this.total > 0 ? Math.min(1, (this.done + running) / this.total) : 1
  }
  get secondsLeft(): number {
    const spent = (this.now() - this.began) / 1000
    const { fraction } = this
    return fraction > 0.02 ? (spent * (1 - fraction)) / fraction : this.total / this.workers
  }
}
