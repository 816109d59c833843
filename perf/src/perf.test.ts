/** The benchmark itself: its lines, its errors, and that it works without a peer. Nothing here is timed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cases } from './cases.js'
import { median } from './measure.js'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const perf = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })

describe('npm run perf', () => {
  it('says so where PyTorch is not installed, and measures ours all the same', () => {
    const env = { PERF_PYTHON: '/no/such/python' }
    const { stdout, status } = perf(['--json', '--quick', '--filter', 'lenet-1-thread'], env)
    expect(status).toBe(0)
    const measurement = JSON.parse(stdout)
    expect(measurement).toMatchObject({
      name: 'lenet-1-thread',
      unit: 'steps/s',
      peer: null,
      ratio: null,
      peerVersion: 'not installed',
    })
    expect(measurement.ours).toBeGreaterThan(0)
    expect(perf(['--quick', '--filter', 'lenet-1-thread'], env).stdout).toContain('peer: not installed')
  })

  it('lists its cases, helps, and refuses what it does not know in one sentence', () => {
    expect(perf(['--list']).stdout.trim().split('\n')).toEqual(cases.map(({ name }) => name))
    expect(perf(['--help']).stdout).toContain('Examples:')
    for (const args of [['--filter', 'no such case'], ['--jsno']]) {
      const { status, stderr } = perf(args)
      expect(status).toBe(1)
      expect(stderr).toMatch(/^perf: .*\n$/)
    }
  })

  it('takes medians', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})
