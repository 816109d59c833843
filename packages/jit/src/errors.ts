/** The errors a user of the jit can meet: one sentence that names the value and the remedy. */

/** A TensorFlow.js kernel that the tracer does not know, with the shapes and the op that called it. */
export class UnsupportedKernelError extends Error {
  override name = 'UnsupportedKernelError'
  constructor(
    readonly kernel: string,
    readonly shapes: readonly (readonly number[])[],
    readonly calledBy: string,
    types: readonly string[] = [],
  ) {
    const list = shapes.map((shape, i) => `${types[i] ?? ''}[${shape.join(', ')}]`).join(', ')
    super(
      `The kernel ${kernel} on shapes ${list || '(none)'}, called by ${calledBy}, cannot be compiled; ` +
        `write it with other ops, or add the kernel to packages/jit.`,
    )
  }
}

/** Inputs that do not match the signature a function was compiled for. */
export class SignatureError extends Error {
  override name = 'SignatureError'
}

/** An engine or backend that is not installed or not known. */
export class EngineError extends Error {
  override name = 'EngineError'
}
