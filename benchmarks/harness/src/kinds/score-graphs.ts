/** The graphs that a method scores by, traced without data and without computing anything: for stage ids. */
import {
  type JsonObject,
  type Method,
  type Model,
  type Objective,
  type ScoreContext,
  type Scored,
  type ScoringExamples,
  type ScoringOptions,
  type ScoringSetSize,
  sizeOf,
  streams,
  type Task,
  UserError,
} from '@winning-tickets/core'
import { type Engine, traceHash } from '@winning-tickets/jit'
import { discoverMethods } from '../experiment/methods.js'

export type Options = ScoringOptions & JsonObject

/** A method that ranks weights by a score. */
export interface Scorer extends Method {
  score(context: ScoreContext, options: Options): Promise<Scored>
}

let known: Promise<readonly Method[]> | undefined

/** @throws UserError if there is no scoring method of that name */
export async function scorerOf(name: string): Promise<Scorer> {
  known ??= discoverMethods()
  const scorers = (await known).filter((method): method is Scorer => 'score' in method)
  const found = scorers.find((method) => method.name === name)
  if (found !== undefined) return found
  throw new UserError(`No method "${name}" scores weights; choose one of ${scorers.map((one) => one.name).join(', ')}.`)
}

/** Thrown where a scoring that is only traced would see a number: when a graph is to run, or random scores are drawn. */
class Traced extends Error {}

/** The trace hashes of the graphs that a method scores by. */
export const scoreTraceHashes = (scorer: Scorer, options: Options, model: Model, objective: Objective) =>
  tracedScoring('score', model, objective, (context) => scorer.score(context, options))

/**
 * The trace hashes of the graphs that a scoring compiles before it has seen a number, as "<name>1", "<name>2" ...
 *
 * @param score is called with weights of zero and an engine that computes nothing
 */
export async function tracedScoring(
  name: string,
  model: Model,
  objective: Objective,
  score: (context: ScoreContext) => Promise<unknown>,
): Promise<Readonly<Record<string, string>>> {
  const hashes: string[] = []
  const engine: Engine = {
    name: 'onnxruntime',
    description: 'traces only',
    async compile(fn, signature) {
      const hash = traceHash(fn, signature)
      hashes.push(hash)
      const run = () => Promise.reject(new Traced())
      return { inputs: signature, outputs: {}, traceHash: hash, run, dispose: async () => {} }
    },
    compileLoop: () => Promise.reject(new Traced()),
    dispose: async () => {},
  }
  const context = {
    model,
    task: blankTask(model, objective),
    engine,
    // Random scores need no graph, and nobody would read them; other methods may draw weights before they compile one.
    streams: (stream: string) => {
      if (stream.startsWith('mask/')) throw new Traced()
      return streams(0)(stream)
    },
    weights: Object.fromEntries(model.parameters.map(({ name, shape }) => [name, zeros(sizeOf(shape))])),
    mask: {},
  }
  try {
    await score(context)
  } catch (error) {
    if (!(error instanceof Traced)) throw error
  }
  return Object.fromEntries(hashes.map((hash, i) => [`${name}${i + 1}`, hash]))
}

let blank = new Float32Array(0)

/** So many zeros, the same for all who ask: nobody writes them. */
function zeros(count: number): Float32Array {
  if (blank.length < count) blank = new Float32Array(count)
  return blank.subarray(0, count)
}

/** The shapes of a task, all black and of class 0. */
function blankTask(model: Model, objective: Objective): Task {
  const blank = (wanted: ScoringSetSize, times = 1): ScoringExamples => {
    const count = times * ('batch' in wanted ? wanted.batch : wanted.perClass * (model.classes ?? 1))
    const labels = new Uint8Array(count)
    const images = new Uint8Array(count * sizeOf(model.inputShape))
    return { indices: new Int32Array(count), labels, inputs: new Float32Array(0), batch: { images, labels } }
  }
  return { objective, scoringExamples: (_, wanted, times) => blank(wanted, times) } as Partial<Task> as Task
}
