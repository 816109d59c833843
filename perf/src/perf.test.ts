/** The benchmark itself: its lines, its errors, and that it works without a peer. Nothing here is timed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { model, sizeOf } from '@winning-tickets/core'
import { describe, expect, it } from 'vitest'
import { cases } from './cases.js'
import { findPeer } from './measure.js'
import { openSide } from './side.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const perf = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })

describe('npm run perf', () => {
  // No PATH: neither python3 nor taskset.
  const env = { PERF_PYTHON: '', PATH: '' }

  it.each([
    ['lenet-1-thread', 'steps/s'],
    ['conv-lenet-5', 'ms/step'],
    ['conv-resnet-20-inference', 'ms/step'],
  ])('says so where PyTorch is not installed, and measures ours all the same: %s', (name, unit) => {
    const { stdout, stderr, status } = perf(['--json', '--quick', '--filter', name], env)
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^perf: there is no taskset here.*\n$/)])
    const measurement = JSON.parse(stdout)
    expect(measurement).toMatchObject({
      name,
      unit,
      peer: null,
      ratio: null,
      peerVersion: 'not installed',
      peerLayout: null,
      peers: [],
    })
    expect(measurement.ours).toBeGreaterThan(0)
    expect(measurement.oursPeakMb).toBeGreaterThan(10)
  })

  it('lists its cases, helps, and refuses what it does not know in one sentence', () => {
    expect(perf(['--list']).stdout.trim().split('\n')).toEqual(cases.map(({ name }) => name))
    expect(perf(['--help']).stdout).toContain('Examples:')
    for (const args of [['--filter', 'no such case'], ['--jsno'], ['--quick', '--filter', 'vgg']]) {
      const { status, stderr } = perf(args)
      expect(status).toBe(1)
      expect(stderr).toMatch(/^perf: .*\n$/)
    }
  })

  it('refuses a PERF_PYTHON without PyTorch, and tells of a process that ends or never began', async () => {
    const { status, stderr } = perf(['--quick', '--filter', 'lenet-1'], { PERF_PYTHON: '/no/such/python' })
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^perf: PERF_PYTHON is "\/no\/such\/python", .*\n$/)])
    const spec = { work: cases[0]!.work, steps: 1, repeats: 1 }
    await expect(openSide({ command: '/no/such/program', args: [] }).ask(spec)).rejects.toThrow('ENOENT')
    const ends = openSide({ command: process.execPath, args: ['-e', 'console.error("no memory")'] })
    await expect(ends.ask(spec)).rejects.toThrow('ended without an answer: no memory')
  })

  it('is quick without the largest networks, and says which it leaves out', () => {
    const { stdout, stderr } = perf(['--quick', '--list'])
    const left = cases.map(({ name }) => name).filter((name) => /resnet-18|vgg-16/.test(name))
    expect(stderr).toBe(`perf: --quick leaves out ${left.join(', ')}.\n`)
    expect(stdout.trim().split('\n')).toEqual(cases.map(({ name }) => name).filter((name) => !left.includes(name)))
  })
})

const python = findPeer()

// Where PyTorch is; each run of the benchmark compares the sizes of the networks that it measures, too.
it.skipIf(python === undefined)("the peer's networks have as many parameters and kernel weights as ours", () => {
  const nets = fileURLToPath(new URL('../peer/nets.py', import.meta.url))
  const { stdout, stderr } = spawnSync(python!, [nets], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const sizes = JSON.parse(stdout) as Record<string, { parameters: number; kernels: number; image: number[] }>
  const convolutional = new Set(cases.map(({ work }) => work.model).filter((name) => name !== 'lenet-300-100'))
  expect(new Set(Object.keys(sizes))).toEqual(convolutional)
  for (const name of convolutional) {
    const { parameters, inputShape } = model(name)
    const count = (which: (typeof parameters)[number][]) => which.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    expect(sizes[name], name).toEqual({
      parameters: count(parameters.filter(({ trainable }) => trainable)),
      kernels: count(parameters.filter(({ prunable }) => prunable)),
      image: [inputShape[2], inputShape[0]],
    })
  }
})
