/** The command `tickets` as a user types it: good input gives clean output. Bad input is in bad-input.test.ts. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readSafetensors, writeSafetensors } from '@winning-tickets/core'
import type { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { makeBenchmarks, ticketsHere } from '../testing/command-line.js'
import { createProgram } from './main.js'

const bin = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('good input', () => {
  it('has help with examples everywhere', async () => {
    const pathsOf = (command: Command, above: string[] = []): string[][] => [
      above,
      ...command.commands.flatMap((child) => pathsOf(child, [...above, child.name()])),
    ]
    const paths = pathsOf(createProgram({ methods: [] }))
    expect(paths).toEqual(expect.arrayContaining([[], ['export'], ['data', 'list']]))
    for (const path of paths) {
      const { status, stdout } = await ticketsHere([...path, '--help'])
      expect(status, path.join(' ')).toBe(0)
      expect(stdout, path.join(' ')).toMatch(/Examples?:\n {2}tickets /)
    }
  })

  it('starts without TensorFlow.js, a fifth of a second, until something is traced', () => {
    const main = new URL('../../dist/cli/main.js', import.meta.url).href
    const script = `
      import { createRequire } from 'node:module'
      const loaded = () => Object.keys(createRequire('${main}').cache).some((path) => path.includes('@tensorflow/tfjs'))
      await import('${main}')
      const before = loaded()
      const { tf } = await import('@winning-tickets/jit')
      tf.tensor([1])
      console.log(JSON.stringify([before, loaded()]))`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(JSON.parse(stdout)).toEqual([false, true])
  })

  it('lists claims that have not run as such, in clean JSON', async () => {
    const benchmarks = makeBenchmarks(join(folder, 'benchmarks'), ['toy'])
    const store = join(folder, 'no-store')
    const { status, stdout, stderr } = await ticketsHere(['claims', '--json', '--store', store], { benchmarks })
    expect([status, stderr]).toEqual([0, ''])
    const claims = JSON.parse(stdout) as Record<string, unknown>[]
    expect(claims).toHaveLength(2)
    const figures = ['effect', 'low', 'high', 'detectable']
    const words = ['id', 'title', 'profile', 'unit', 'paper', 'dataset', 'detail']
    for (const claim of claims) {
      expect(Object.keys(claim).sort()).toEqual([...figures, ...words, 'verdict', 'seeds', 'evidence'].sort())
      expect(claim).toMatchObject({ verdict: 'not run', seeds: 0, effect: null, evidence: [] })
    }
  })

  it('survives kill -9: with a checkpoint, the run goes on to the same bits', async () => {
    const run = ['train', '-i', '240', '--evaluate-every', '20', '--density', '0.3', '--json']
    const ticket = (name: string) => join(folder, `${name}.safetensors`)
    const checkpoint = join(folder, 'checkpoint')
    const env = { ...process.env, TICKETS_DATA_DIR: '' }
    const killed = spawn(process.execPath, [bin, ...run, '--checkpoint', checkpoint], { stdio: 'ignore', env })
    const gone = once(killed, 'exit')
    while (!existsSync(checkpoint) && killed.exitCode === null) await sleep(5)
    killed.kill('SIGKILL')
    expect((await gone)[1]).toBe('SIGKILL')
    const { tensors, metadata } = await readSafetensors(checkpoint)
    const resumed = await ticketsHere([...run, '--checkpoint', checkpoint, '--out', ticket('resumed')])
    const whole = await ticketsHere([...run, '--out', ticket('whole')])
    expect(resumed.stderr).toBe('')
    expect(JSON.parse(resumed.stdout)).toEqual(JSON.parse(whole.stdout))
    expect(readFileSync(ticket('resumed'))).toEqual(readFileSync(ticket('whole')))
    // It did not begin anew: from other weights it comes to others.
    tensors['weights/fc1.bias']!.data[0]! += 1
    await writeSafetensors(checkpoint, tensors, metadata)
    const other = await ticketsHere([...run, '--checkpoint', checkpoint, '--out', ticket('other')])
    expect(other.stderr).toBe('')
    expect(readFileSync(ticket('other'))).not.toEqual(readFileSync(ticket('whole')))
  }, 180_000)

  it('leaves a half-filled data folder to those who need it', async () => {
    const data = join(folder, 'half')
    mkdirSync(join(data, 'mnist'), { recursive: true })
    writeFileSync(join(data, 'mnist', 'train-images-idx3-ubyte.gz'), '')
    const surroundings = { env: { TICKETS_DATA_DIR: data } }
    const list = await ticketsHere(['data', 'list', '--json'], surroundings)
    const [mnist] = (JSON.parse(list.stdout) as { problem: string | null }[]).filter(({ problem }) => problem !== null)
    expect(mnist).toMatchObject({ name: 'mnist', folder: null, problem: expect.stringContaining('lacks train-labels') })
    expect(await ticketsHere(['train', '-i', '5'], surroundings)).toMatchObject({ status: 0, stderr: '' })
  })

  it('trains, writes a ticket, and trains that', async () => {
    const file = join(folder, 'ticket.safetensors')
    const first = await ticketsHere([
      ...['train', '-i', '60', '--density', '0.2', '--evaluate-every', '20', '--out', file, '--json'],
    ])
    expect(first.stderr).toBe('')
    expect(JSON.parse(first.stdout)).toMatchObject({ density: { kept: 53_240, prunable: 266_200 } })
    const trained = await ticketsHere(['train', '-i', '40', '--ticket', file, '--json'])
    expect(JSON.parse(trained.stdout)).toMatchObject({ density: { kept: 53_240 } })
    const shuffled = await ticketsHere(['train', '-i', '5', '--ticket', file, '--control', 'shuffled'])
    expect(shuffled.stderr).toMatch(/^tickets: --control shuffled needs the weights from before masking.*\n$/)
    for (const control of ['reinit', 'shuffled', 'random-uniform']) {
      const { status, stderr } = await ticketsHere(['train', '-i', '5', '--density', '0.1', '--control', control])
      expect([status, stderr]).toEqual([0, ''])
    }
    expect(readFileSync(file).length).toBeGreaterThan(1_000_000)
  })
})
