/** The cases: what is measured, on how many processes and threads. */
import type { Spec } from './side.js'

export interface Case {
  /** Tab-friendly. */
  readonly name: string
  readonly title: string
  readonly unit: 'steps/s'
  /** Threads inside one process. */
  readonly threads: number
  /** Processes side by side, each pinned to a core of its own if there are several; their rates are summed. */
  readonly processes: number
  readonly spec: Pick<Spec, 'batch' | 'masked'>
}

const lenet = (name: string, title: string, threads: number, processes: number, masked: boolean): Case => ({
  name: `lenet-${name}`,
  title: `LeNet-300-100, batch 60, Adam, ${masked ? 'masked' : 'dense'}, synthetic images: ${title}`,
  unit: 'steps/s',
  threads,
  processes,
  spec: { batch: 60, masked },
})

export const cases: readonly Case[] = [
  lenet('1-thread', 'one thread', 1, 1, true),
  lenet('2-threads', 'two threads', 2, 1, true),
  lenet('2-workers', 'two processes, a core each, summed', 1, 2, true),
  lenet('dense-1-thread', 'one thread', 1, 1, false),
  lenet('dense-2-threads', 'two threads', 2, 1, false),
]
