/** The command `tickets` as a user types it: bad input gives one clear sentence, good input gives clean output. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tickets.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function tickets(args: string[], env: Record<string, string> = {}) {
  const { TICKETS_DATA_DIR: _, WT_DEBUG: __, ...rest } = process.env
  const clean = { ...rest, TICKETS_STORE: join(folder, 'store'), XDG_CACHE_HOME: join(folder, 'xdg'), ...env }
  return spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', env: clean, timeout: 60_000 })
}

const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('bad input', () => {
  const cases: [string, string[], RegExp, Record<string, string>?][] = [
    ['an unknown command', ['bnech'], /Unknown command 'bnech' \(Did you mean bench\?\)/],
    ['an unknown option', ['bench', '--sedes', '3'], /Unknown option '--sedes' \(Did you mean --seeds\?\)/],
    ['an unknown paper', ['claims', 'impp'], /no benchmark "impp"/],
    [
      'an unknown profile',
      ['bench', '--profile', 'smal'],
      /argument 'smal' is invalid: allowed choices are smoke, small, paper/,
    ],
    ['no seeds', ['bench', '--seeds', '0'], /argument '0' is invalid: give a whole number from 1/],
    ['seeds that are no number', ['bench', '--seeds', 'three'], /argument 'three' is invalid/],
    ['half a worker', ['bench', '--workers', '0.5'], /argument '0.5' is invalid/],
    ['an unknown data set', ['train', '-d', 'minst'], /no data set "minst"; choose one of mnist/],
    ['an unknown data set to verify', ['data', 'verify', 'nope'], /no data set "nope"/],
    [
      'a density above 1',
      ['train', '--density', '1.5'],
      /argument '1.5' is invalid: give a number above 0 and at most 1/,
    ],
    ['a density of 0', ['train', '--density', '0'], /argument '0' is invalid/],
    ['a negative learning rate', ['train', '-l', '-1'], /argument '-1' is invalid/],
    [
      'an unknown model',
      ['train', '--model', 'lenet'],
      /argument 'lenet' is invalid: allowed choices are lenet-300-100/,
    ],
    [
      'an unknown engine',
      ['train', '--engine', 'torch'],
      /argument 'torch' is invalid: allowed choices are onnxruntime/,
    ],
    [
      'a backend that is not installed',
      ['train', '-e', 'tensorflow', '--backend', 'tfjs-node-gpu', '-i', '1'],
      /needs the package @tensorflow\/tfjs-node-gpu/,
    ],
    [
      'a batch larger than the data',
      ['train', '-b', '10000', '-i', '1'],
      /batch of 10000 needs that many training examples/,
    ],
    ['a ticket that is not there', ['train', '-t', join(folder, 'none.safetensors')], /none\.safetensors/],
    [
      'a file that is no ticket',
      ['train', '-t', write('junk.safetensors', 'not a ticket at all')],
      /junk\.safetensors/,
    ],
    ['a control without a mask', ['train', '--control', 'reinit'], /--control reinit needs a pruned network/],
    [
      'a learning rate that diverges',
      ['train', '--optimizer', 'sgd', '-l', '1e30', '-i', '50'],
      /loss (became|is) (NaN|Infinity) at iteration .*lower the learning rate/,
    ],
    [
      'a data folder that is not there',
      ['data', 'list'],
      /TICKETS_DATA_DIR is "\/no\/such\/folder", which is not a folder/,
      { TICKETS_DATA_DIR: '/no/such/folder' },
    ],
    ['a store that is a file', ['claims', '--store', write('store.txt', 'x')], /store\.txt/],
  ]
  it.each(cases)('%s is told in one sentence', (_, args, message, env) => {
    const { status, stderr, stdout } = tickets(args, env)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^tickets: /)
    expect(stderr).not.toMatch(/\n\s+at |Error:/)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(status).not.toBe(0)
  })
})

describe('good input', () => {
  it('has help with examples everywhere', () => {
    const commands = [
      [],
      ['bench'],
      ['claims'],
      ['data'],
      ['data', 'list'],
      ['data', 'fetch'],
      ['data', 'verify'],
      ['train'],
    ]
    for (const command of commands) {
      const { status, stdout } = tickets([...command, '--help'])
      expect(status).toBe(0)
      expect(stdout).toMatch(/Examples?:\n {2}tickets /)
    }
  })

  it('lists claims that have not run as such, in clean JSON', () => {
    const { status, stdout, stderr } = tickets(['claims', '--json'])
    expect(status).toBe(0)
    expect(stderr).toBe('')
    const claims = JSON.parse(stdout) as Record<string, unknown>[]
    for (const claim of claims) {
      const fields = [
        'id',
        'title',
        'verdict',
        'profile',
        'seeds',
        'effect',
        'low',
        'high',
        'unit',
        'paper',
        'evidence',
      ]
      expect(Object.keys(claim)).toEqual(expect.arrayContaining(fields))
      expect(claim).toMatchObject({ verdict: 'not run', seeds: 0, effect: null, evidence: [] })
    }
  })

  it('survives kill -9: with a checkpoint, the run goes on to the same bits', async () => {
    const run = ['train', '-i', '2400', '--evaluate-every', '20', '--density', '0.3', '--json']
    const ticket = (name: string) => join(folder, `${name}.safetensors`)
    const checkpoint = join(folder, 'checkpoint')
    const whole = tickets([...run, '--out', ticket('whole')])
    const env = { ...process.env, TICKETS_DATA_DIR: '' }
    const killed = spawn(process.execPath, [bin, ...run, '--checkpoint', checkpoint], { stdio: 'ignore', env })
    const gone = once(killed, 'exit')
    while (!existsSync(checkpoint)) await sleep(5)
    killed.kill('SIGKILL')
    expect((await gone)[1]).toBe('SIGKILL')
    const resumed = tickets([...run, '--checkpoint', checkpoint, '--out', ticket('resumed')])
    expect(resumed.stderr).toBe('')
    expect(JSON.parse(resumed.stdout)).toEqual(JSON.parse(whole.stdout))
    expect(readFileSync(ticket('resumed'))).toEqual(readFileSync(ticket('whole')))
  })

  it('trains, writes a ticket, and trains that', () => {
    const file = join(folder, 'ticket.safetensors')
    const first = tickets(['train', '-i', '60', '--density', '0.2', '--evaluate-every', '20', '--out', file, '--json'])
    expect(first.stderr).toBe('')
    expect(JSON.parse(first.stdout)).toMatchObject({ density: { kept: 53_240, prunable: 266_200 } })
    const trained = tickets(['train', '-i', '40', '--ticket', file, '--json'])
    expect(JSON.parse(trained.stdout)).toMatchObject({ density: { kept: 53_240 } })
    const shuffled = tickets(['train', '-i', '5', '--ticket', file, '--control', 'shuffled'])
    expect(shuffled.stderr).toMatch(/^tickets: --control shuffled needs the weights under the mask.*\n$/)
    for (const control of ['reinit', 'shuffled', 'random-uniform']) {
      const { status, stderr } = tickets(['train', '-i', '5', '--density', '0.1', '--control', control])
      expect([status, stderr]).toEqual([0, ''])
    }
    expect(readFileSync(file).length).toBeGreaterThan(1_000_000)
  })
})
