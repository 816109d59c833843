/** The part of Node's global `WebAssembly` that is used here: neither ES2023 nor @types/node 20 declares it. */
declare namespace WebAssembly {
  class Memory {
    /** @param descriptor its size, in pages of 64 KiB */
    constructor(descriptor: { readonly initial: number })
    readonly buffer: ArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>)
  }
  class Instance {
    constructor(module: Module, imports: { readonly host: { readonly memory: Memory } })
    readonly exports: { readonly run: () => void }
  }
}
