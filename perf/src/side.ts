/** One side of a comparison: a child process that answers a JSON line with a JSON line. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Work } from './work.js'

/** What a round is asked to do. */
export interface Spec {
  readonly work: Work
  /** Steps of one timing. */
  readonly steps: number
  /** Timings. */
  readonly repeats: number
}

export interface Answer {
  /** One number a timing. */
  readonly steps_per_second: readonly number[]
  readonly version: string
  readonly peak_mb: number
  /** Trained parameters of the network; both sides must have as many. */
  readonly parameters?: number
}

export interface Side {
  ask(spec: Spec): Promise<Answer>
  close(): void
}

export interface SideOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Core to pin the process to where that can be done; all, if absent. */
  readonly core?: number
}

/** Whether processes can be pinned to cores here: Linux has `taskset`. */
export const canPin = (): boolean => spawnSync('taskset', ['--version'], { stdio: 'ignore' }).error === undefined

export function openSide({ command, args, env = {}, core }: SideOptions): Side {
  const pin = core === undefined || !canPin() ? [] : ['taskset', '-c', String(core)]
  const [file, ...rest] = [...pin, command, ...args]
  const child: ChildProcess = spawn(file!, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let errors = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2000)
  })
  // A command that is not there, or ends early: told where its answer is missed.
  child.on('error', ({ message }) => {
    errors = message
  })
  child.stdin!.on('error', () => {})
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    async ask(spec) {
      child.stdin!.write(`${JSON.stringify(spec)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`${command} ended without an answer: ${errors.trim().split('\n').at(-1) ?? ''}`)
      return JSON.parse(value) as Answer
    },
    close: () => child.kill(),
  }
}
