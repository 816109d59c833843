/** Bad input of every sort gives one clear sentence that names the value and the remedy, and a failure; no stack trace. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  denseMasks,
  denseTicket,
  initialWeights,
  maskedTicket,
  model,
  writeSafetensors,
  writeTicket,
} from '@winning-tickets/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBenchmark, makeBenchmarks, ticketsHere } from '../testing/command-line.js'

const folder = mkdtempSync(join(tmpdir(), 'bad-input-'))
const at = (...path: string[]) => join(folder, ...path)
const toy = makeBenchmarks(at('toy', 'benchmarks'), ['toy'])
beforeAll(prepare)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Case {
  /** The command line, words separated by blanks; @ stands for the folder of prepared files. */
  readonly type: string
  /** What of the input the sentence names. */
  readonly names: string
  /** What it tells to do. */
  readonly remedy: RegExp
  readonly env?: Readonly<Record<string, string>>
  readonly benchmarks?: string
}

const inData = (name: string) => ({ TICKETS_DATA_DIR: at('data', name) })
const DID_YOU_MEAN = (word: string) => new RegExp(`Did you mean ${word}\\?.*see "tickets.* --help"`)
const WHOLE = /give a whole number (from \d+ to \d+|of at least \d+)/
const TIME = /give a time such as 150m, 2h, 1h30m or 45s/
const PAPERS = /choose from: toy/
const PROFILE = /allowed choices are smoke, small, paper/

const cases: Record<string, readonly Case[]> = {
  'a word that is not known': [
    { type: 'bnech', names: "'bnech'", remedy: DID_YOU_MEAN('bench') },
    { type: 'store verfy', names: "'verfy'", remedy: DID_YOU_MEAN('verify') },
    { type: 'evidence exprot', names: "'exprot'", remedy: DID_YOU_MEAN('export') },
    { type: 'bench --sedes 3', names: "'--sedes'", remedy: DID_YOU_MEAN('--seeds') },
    { type: 'find -M snip --densty 0.1', names: "'--densty'", remedy: DID_YOU_MEAN('--density') },
    { type: 'export a --uot b', names: "'--uot'", remedy: DID_YOU_MEAN('--out') },
    { type: 'store gc --orphan', names: "'--orphan'", remedy: DID_YOU_MEAN('--orphans') },
    { type: 'bench toyy', names: '"toyy"', remedy: PAPERS },
    { type: 'claims toy toyy', names: '"toyy"', remedy: PAPERS },
    { type: 'status toyy', names: '"toyy"', remedy: PAPERS },
    { type: 'evidence export toyy', names: '"toyy"', remedy: PAPERS },
    { type: 'bench -p smal', names: "'smal'", remedy: PROFILE },
    { type: 'claims -p all', names: "'all'", remedy: PROFILE },
    { type: 'evidence export -p Paper', names: "'Paper'", remedy: PROFILE },
    { type: 'train -m lenet', names: "'lenet'", remedy: /allowed choices are lenet-300-100/ },
    { type: 'train -e torch', names: "'torch'", remedy: /allowed choices are onnxruntime, tensorflow/ },
    { type: 'train --optimizer adamw', names: "'adamw'", remedy: /allowed choices are adam, sgd/ },
    { type: 'train --density 0.5 --control reset', names: "'reset'", remedy: /allowed choices are reinit, shuffled/ },
    { type: 'train -d minst', names: '"minst"', remedy: /choose one of mnist, fashion-mnist/ },
    { type: 'find -M snop --density 0.1', names: '"snop"', remedy: /choose one of magnitude, random, .*snip/ },
    { type: 'find -M magnitude --density 0.1 -m vgg17', names: "'vgg17'", remedy: /allowed choices are .*vgg-16/ },
    { type: 'find -M magnitude --density 0.1 -d cifar11', names: '"cifar11"', remedy: /choose one of mnist.*cifar-10/ },
    { type: 'find -M snip --density 0.1 --option nose=1', names: '"nose"', remedy: /it has mode, rounds, scope/ },
    {
      type: 'find -M snip --density 0.1 --option scope=all',
      names: '"all"',
      remedy: /expected one of "global"\|"layer/,
    },
    { type: 'find -M snip --density 0.1 --option examples=5', names: 'examples is 5', remedy: /give ."batch": N/ },
    { type: 'find -M synflow --density 0.1 -e tensorflow', names: 'tensorflow', remedy: /precision=float32/ },
    { type: 'find -M snip --density 0.1 --model-option depth=3', names: '"depth"', remedy: /correct --model-option/ },
    { type: 'inspcet a', names: "'inspcet'", remedy: DID_YOU_MEAN('inspect') },
    { type: 'data verify nope', names: '"nope"', remedy: /choose one of mnist, fashion-mnist/ },
  ],
  'a word too few or too many': [
    { type: 'bench --seeds', names: "'-s, --seeds <n|m-n>'", remedy: /argument missing; see "tickets bench --help"/ },
    { type: 'find --density 0.1', names: "'-M, --method <name>'", remedy: /see "tickets find --help"/ },
    { type: 'find -M snip', names: "'--density <d>'", remedy: /see "tickets find --help"/ },
    { type: 'find -M snip --density 0.1 --option scope', names: "'scope'", remedy: /give it as key=value/ },
    { type: 'find -M snip --density 0.1 --option a=1 --option a=2', names: '--option a', remedy: /give it once/ },
    { type: 'inspect', names: "'file'", remedy: /see "tickets inspect --help"/ },
    { type: 'data fetch', names: "'names'", remedy: /see "tickets data fetch --help"/ },
    {
      type: 'store path here',
      names: "'path'",
      remedy: /expected 0 arguments but got 1; see "tickets store path --help"/,
    },
  ],
  'a number that cannot be': [
    { type: 'bench --seeds 0', names: "'0'", remedy: WHOLE },
    { type: 'bench --seeds 0-2', names: "'0-2'", remedy: WHOLE },
    { type: 'bench --seeds 5-3', names: "'5-3'", remedy: /the first and the last of a range, such as 3-5/ },
    { type: 'bench --seeds 3-', names: "'3-'", remedy: /the first and the last of a range, such as 3-5/ },
    { type: 'claims --seeds 1001', names: "'1001'", remedy: WHOLE },
    { type: 'bench --seeds -1', names: "'-1'", remedy: WHOLE },
    { type: 'claims --seeds three', names: "'three'", remedy: WHOLE },
    { type: 'bench --workers 0', names: "'0'", remedy: WHOLE },
    { type: 'bench --workers 0.5', names: "'0.5'", remedy: WHOLE },
    { type: 'bench --workers 1e9', names: "'1e9'", remedy: WHOLE },
    { type: 'bench --workers 1000000000', names: "'1000000000'", remedy: WHOLE },
    { type: 'bench --for soon', names: "'soon'", remedy: TIME },
    { type: 'bench --for 150', names: "'150'", remedy: TIME },
    { type: 'bench --for 0m', names: "'0m'", remedy: TIME },
    { type: 'bench --for -5m', names: "'-5m'", remedy: TIME },
    { type: 'bench --for 1.5h', names: "'1.5h'", remedy: TIME },
    { type: 'train --density 0', names: "'0'", remedy: /give a number above 0 and at most 1/ },
    { type: 'train --density 1.5', names: "'1.5'", remedy: /give a number above 0 and at most 1/ },
    { type: 'train --density abc', names: "'abc'", remedy: /give a number above 0 and at most 1/ },
    { type: 'train --seed -3', names: "'-3'", remedy: WHOLE },
    { type: 'train -i 0', names: "'0'", remedy: WHOLE },
    { type: 'train -l -1', names: "'-1'", remedy: /give a number above 0/ },
    { type: 'train -l 1e999', names: "'1e999'", remedy: /give a number above 0/ },
    { type: 'train --optimizer sgd --momentum 1.1', names: "'1.1'", remedy: /give a number from 0 to 1/ },
    { type: 'train --weight-decay -1', names: "'-1'", remedy: /give a number of at least 0/ },
    { type: 'train --threads 0', names: "'0'", remedy: WHOLE },
    { type: 'train -b 10000 -i 1', names: '10000', remedy: /lower batchSize/ },
    { type: 'train --validation 6000 -i 1', names: '6000', remedy: /of the 6000 examples.*give fewer/ },
    { type: 'find -M snip --density 1.5', names: "'1.5'", remedy: /give a number above 0 and at most 1/ },
    { type: 'find -M snip --density 1e-9', names: '1e-9', remedy: /of 266200 weights; give at least 0.0000038/ },
    { type: 'find -M imp --density 1', names: 'not 1', remedy: /give one such as 0.05/ },
    { type: 'find -M imp --density 0.5 --option rounds=0', names: 'rounds is 0', remedy: /to be >=1/ },
    { type: 'find -M snip --density 0.5 --option examples.batch=6000', names: '6000', remedy: /ask for fewer/ },
    { type: 'find -M snip --density 0.1 --validation 6000', names: '6000', remedy: /of the 6000 examples.*give fewer/ },
    { type: 'train --optimizer sgd -l 1e30 -i 50', names: '1e+30', remedy: /lower the learning rate/ },
  ],
  'options that do not go together': [
    {
      type: 'bench --dry-run --for 2h',
      names: "'-n, --dry-run'",
      remedy: /cannot be used with option '-t, --for <time>'/,
    },
    { type: 'train --momentum 0.9', names: '--momentum 0.9', remedy: /--optimizer sgd/ },
    { type: 'train -e tensorflow --threads 4', names: '--threads 4', remedy: /leave it or --engine tensorflow out/ },
    { type: 'train --density 1e-9', names: '--density 1e-9', remedy: /give at least 0\.0000038/ },
    { type: 'train -t a.safetensors -o ./a.safetensors', names: '--out ./a.safetensors', remedy: /another name/ },
    { type: 'train -t a.safetensors -c a.safetensors', names: '--checkpoint a.safetensors', remedy: /another name/ },
    { type: 'train -o a.safetensors -c a.safetensors', names: '--checkpoint a.safetensors', remedy: /another name/ },
    { type: 'train --backend tfjs-node', names: '--backend tfjs-node', remedy: /--engine tensorflow/ },
    { type: 'train -e tensorflow --backend tfjs-node-gpu -i 1', names: 'tfjs-node-gpu', remedy: /install/ },
    {
      type: 'train --control reinit',
      names: '--control reinit',
      remedy: /give --density below 1 or a --ticket with a mask/,
    },
    { type: 'find -M snip --density 0.1 -i 100', names: '--iterations', remedy: /leave it out/ },
    { type: 'find -M snip --density 0.1 --option density=0.2', names: 'density=0.2', remedy: /leave it out/ },
    { type: 'find -M imp --density 0.5 --option rates.rate=0.3', names: 'rates', remedy: /leave out one of them/ },
    { type: 'find -M magnitude --density 0.1 --backend tfjs-node', names: 'tfjs-node', remedy: /--engine tensorflow/ },
    {
      type: 'train -t @/lenet.safetensors --model-option hidden=[3]',
      names: '--model-option',
      remedy: /leave --model-option out, or add --model/,
    },
    {
      type: 'train -t @/pruned.safetensors --control shuffled',
      names: at('pruned.safetensors'),
      remedy: /give a ticket that `tickets find` wrote, or use --density, or another control/,
    },
    { type: 'train --ticket @/lenet.safetensors --density 0.5', names: '--ticket', remedy: /leave --density out/ },
  ],
  'a file that is not as it should be': [
    { type: 'train -t @/none.safetensors', names: at('none.safetensors'), remedy: /check the path/ },
    { type: 'train -t @', names: folder, remedy: /check the path/ },
    { type: 'train -t @/junk.safetensors', names: at('junk.safetensors'), remedy: /fetch or make it again/ },
    { type: 'train -t @/cut.safetensors', names: at('cut.safetensors'), remedy: /fetch or make it again/ },
    { type: 'train -t @/empty.safetensors', names: at('empty.safetensors'), remedy: /fetch or make it again/ },
    {
      type: 'train -m lenet-300-100 -t @/conv.safetensors',
      names: 'needs 235200',
      remedy: /or the model it was found in/,
    },
    { type: 'train -t @/conv.safetensors', names: 'fashion-mnist-extract', remedy: /choose another --dataset/ },
    { type: 'train -t @/lenet.safetensors -d cifar10', names: 'cifar-10', remedy: /choose another --dataset/ },
    { type: 'inspect @/none.safetensors', names: at('none.safetensors'), remedy: /check the path/ },
    { type: 'inspect @/junk.safetensors', names: at('junk.safetensors'), remedy: /fetch or make it again/ },
    {
      type: 'inspect @/foreign.safetensors',
      names: at('foreign.safetensors'),
      remedy: /give a file that `tickets` wrote/,
    },
    { type: 'inspect @/stranger.safetensors', names: '"alexnet"', remedy: /there are lenet-300-100/ },
    { type: 'train -c @/junk.safetensors', names: at('junk.safetensors'), remedy: /fetch or make it again/ },
  ],
  'a place that cannot be written': [
    { type: 'train -o @/plain/ticket.safetensors', names: at('plain'), remedy: /choose another place with --out FILE/ },
    {
      type: 'find -M snip --density 0.1 -o @/plain/t',
      names: at('plain'),
      remedy: /choose another place with --out FILE/,
    },
    {
      type: 'inspect @/lenet.safetensors --svg @/plain/s',
      names: at('plain'),
      remedy: /another place with --svg FILE/,
    },
    { type: 'train -o @/data', names: at('data'), remedy: /--out FILE/ },
    {
      type: 'train -c @/plain/deep/c',
      names: at('plain', 'deep'),
      remedy: /choose another place with --checkpoint FILE/,
    },
    { type: 'bench toy --out @/plain', names: at('plain', 'toy'), remedy: /choose another place with --out DIR/ },
    { type: 'bench toy --out /proc/no', names: '/proc/no', remedy: /choose another place with --out DIR/ },
    {
      type: 'evidence export',
      names: at('blocked', 'RESULTS.md'),
      remedy: /make it writable/,
      benchmarks: at('blocked', 'benchmarks'),
    },
  ],
  'a store that cannot be used': [
    { type: 'bench toy --store @/plain', names: at('plain'), remedy: /--store DIR/ },
    { type: 'claims --store @/plain/store', names: at('plain'), remedy: /--store DIR/ },
    { type: 'bench toy --store /proc/no/store', names: '/proc/no', remedy: /--store DIR/ },
    { type: 'status --store @/stores/newer', names: 'version 7', remedy: /update winning-tickets/ },
    { type: 'bench toy --store @/stores/newer', names: 'version 7', remedy: /update winning-tickets/ },
    { type: 'store verify --store @/stores/cut', names: at('stores', 'cut', 'store.json'), remedy: /write .* into it/ },
    {
      type: 'store gc --store @/stores/foreign',
      names: at('stores', 'foreign'),
      remedy: /give --store a new or empty folder/,
    },
    {
      type: 'evidence export --store @/stores/foreign',
      names: at('stores', 'foreign'),
      remedy: /a new or empty folder/,
    },
  ],
  'data that are not right': [
    {
      type: 'data list',
      names: '"/no/such/folder"',
      remedy: /correct or unset it/,
      env: { TICKETS_DATA_DIR: '/no/such/folder' },
    },
    { type: 'data list', names: at('plain'), remedy: /correct or unset it/, env: { TICKETS_DATA_DIR: at('plain') } },
    { type: 'train -d mnist -i 1', names: 'lacks train-labels', remedy: /add it or unset/, env: inData('partial') },
    { type: 'data fetch mnist', names: 'lacks train-labels', remedy: /add it or unset/, env: inData('partial') },
    { type: 'train -d mnist -i 1', names: at('data', 'cut', 'mnist'), remedy: /fetch it again/, env: inData('cut') },
    { type: 'data verify mnist', names: at('data', 'cut', 'mnist'), remedy: /fetch it again/, env: inData('cut') },
    { type: 'data verify mnist', names: 'SHA-256', remedy: /delete it and fetch it again/, env: inData('wrong') },
    { type: 'data verify mnist', names: 'holds 3 bytes', remedy: /fetch it again/, env: inData('short') },
  ],
  'a benchmark that cannot be loaded': [
    {
      type: 'claims',
      names: at('unbuilt', 'toy', 'dist', 'index.js'),
      remedy: /run "npm run build" first/,
      benchmarks: at('unbuilt'),
    },
    {
      type: 'bench',
      names: at('nothing', 'toy', 'index.mjs'),
      remedy: /must export "benchmark"/,
      benchmarks: at('nothing'),
    },
    { type: 'status', names: at('manifest', 'toy', 'package.json'), remedy: /correct it/, benchmarks: at('manifest') },
  ],
  'committed evidence that is damaged': [
    {
      type: 'evidence export',
      names: at('damaged', 'benchmarks', 'toy', 'results', 'toy', 'small', 'seed-1.jsonl:1'),
      remedy: /restore it with git/,
      benchmarks: at('damaged', 'benchmarks'),
    },
  ],
}

describe.each(Object.entries(cases))('%s', (_, list) => {
  it.each(list)('$type', async ({ type, names, remedy, env, benchmarks = toy }) => {
    const words = type.split(' ').map((word) => word.replace(/^@/, folder))
    const quiet = { TICKETS_STORE: at('store'), XDG_CACHE_HOME: at('cache'), TICKETS_DATA_DIR: undefined }
    const { status, stdout, stderr } = await ticketsHere(words, { benchmarks, env: { ...quiet, ...env } })
    expect(stderr).toMatch(/^tickets: .*[.]\n$/)
    expect(stderr).toContain(names)
    expect(stderr).toMatch(remedy)
    expect(stderr).not.toMatch(/ {4}at |Error:/)
    expect(stdout).toBe('')
    expect(status).not.toBe(0)
  })
})

it('counts the bad inputs', () => {
  expect(Object.values(cases).flat().length).toBeGreaterThanOrEqual(36)
  // None of them has begun anything.
  expect(existsSync(at('store'))).toBe(false)
})

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
}

async function prepare(): Promise<void> {
  write('plain', 'a file where a folder should be')
  write('junk.safetensors', 'not a ticket at all')
  write('empty.safetensors', '')
  for (const [name, file] of [
    ['lenet-300-100', 'lenet'],
    ['conv-2', 'conv'],
  ] as const) {
    const network = model(name)
    await writeTicket(at(`${file}.safetensors`), denseTicket(network, 1), network)
  }
  const network = model('lenet-300-100')
  const [weights, mask] = [initialWeights(network, 1), denseMasks(network)]
  const provenance = { method: 'test' }
  // Without the weights from before masking.
  await writeTicket(at('pruned.safetensors'), maskedTicket(network, { mask, weights, step: 0, provenance }), network)
  const strange = { ...network, config: { name: 'alexnet' } }
  await writeTicket(at('stranger.safetensors'), { ...denseTicket(network, 1), model: 'alexnet' }, strange)
  await writeSafetensors(at('foreign.safetensors'), {}, { format: 'pt' })
  write('cut.safetensors', readFileSync(at('lenet.safetensors')).subarray(0, 100_000))

  write('stores/newer/store.json', '{"format":"winning-tickets store","version":7}')
  write('stores/cut/store.json', '{"format":"winning-ti')
  write('stores/foreign/thesis.tex', '')

  // Of MNIST, by the definition of the idx format: the header's bytes and one for each pixel or label.
  const sizes = {
    train: { images: 16 + 60_000 * 784, labels: 8 + 60_000 },
    t10k: { images: 16 + 10_000 * 784, labels: 8 + 10_000 },
  }
  for (const [part, { images, labels }] of Object.entries(sizes)) {
    for (const [file, bytes] of [
      [`${part}-images-idx3-ubyte.gz`, images],
      [`${part}-labels-idx1-ubyte.gz`, labels],
    ] as const) {
      const zeros = gzipSync(new Uint8Array(bytes), { level: 1 })
      write(`data/wrong/mnist/${file}`, zeros)
      write(`data/cut/mnist/${file}`, zeros.subarray(0, zeros.length / 2))
      write(`data/short/mnist/${file}`, gzipSync('abc'))
    }
  }
  write('data/partial/mnist/train-images-idx3-ubyte.gz', '')

  makeBenchmarks(at('blocked', 'benchmarks'), ['toy'])
  mkdirSync(at('blocked', 'RESULTS.md'))
  write('unbuilt/toy/package.json', '{"winning-tickets": {"benchmark": "./dist/index.js"}}')
  makeBenchmark(at('nothing', 'toy'), 'export const other = 1')
  write('manifest/toy/package.json', '{"winning-tickets": ')
  makeBenchmarks(at('damaged', 'benchmarks'), ['toy'])
  write('damaged/benchmarks/toy/results/toy/small/seed-1.jsonl', '{"deterministic": {"id"\n')
}
