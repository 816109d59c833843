/** Downloads from a real HTTP server that cuts, lies, fails and forgets; the final path only ever holds the right file. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.js'
import { DownloadError, download } from './download.js'
import { load } from './load.js'
import type { DataFile, DatasetDefinition } from './types.js'

const content = Uint8Array.from({ length: 50_000 }, (_, i) => (i * i * 7 + (i >> 3)) & 255)
const zipped = gzipSync(content)
const file: DataFile = {
  name: 'data',
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
}
const FAST = { retries: 2, retryDelay: 5, stall: 2000 }

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void
let server: Server
let address: string
let handler: Handler
let requests: { url: string; range: string | undefined }[]
let folder: string
let path: string

beforeEach(async () => {
  requests = []
  folder = mkdtempSync(join(tmpdir(), 'download-'))
  path = join(folder, 'cache', 'data.gz')
  server = createServer((request, response) => {
    requests.push({ url: request.url!, range: request.headers.range })
    handler(request, response, requests.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const whole: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': zipped.length, etag: '"one"' }).end(zipped)
}
/** Sends half of the file, and then nothing. */
const hanging: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': zipped.length, etag: '"one"' })
  response.write(zipped.subarray(0, zipped.length / 2))
}
/** Serves ranges of the file; the first answer is cut in the middle. */
const cutting: Handler = (request, response, count) => {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  if (range && request.headers['if-range'] === '"one"') {
    const rest = zipped.subarray(Number(range[1]))
    const contentRange = `bytes ${range[1]}-${zipped.length - 1}/${zipped.length}`
    response.writeHead(206, { 'content-length': rest.length, 'content-range': contentRange, etag: '"one"' }).end(rest)
    return
  }
  response.writeHead(200, { 'content-length': zipped.length, etag: '"one"' })
  if (count > 1) return void response.end(zipped)
  response.write(zipped.subarray(0, zipped.length >> 1), () => setTimeout(() => response.destroy(), 150))
}

const arrived = () => expect(new Uint8Array(readFileSync(path))).toEqual(new Uint8Array(zipped))
const leftovers = () => readdirSync(join(folder, 'cache')).filter((name) => name !== 'data.gz')

describe('download', () => {
  it('fetches a file, with progress', async () => {
    handler = whole
    const seen: number[] = []
    await download(file, [`${address}/data.gz`], path, { ...FAST, onProgress: ({ received }) => seen.push(received) })
    arrived()
    expect(seen.at(-1)).toBe(zipped.length)
    expect(leftovers()).toEqual([])
  })

  it('goes on after a cut connection by asking for the rest only', async () => {
    handler = cutting
    await download(file, [`${address}/data.gz`], path, FAST)
    arrived()
    expect(requests).toHaveLength(2)
    expect(requests[1]!.range).toMatch(/^bytes=[1-9]\d*-$/)
    expect(leftovers()).toEqual([])
  })

  it('starts again where the server ignores the range', async () => {
    handler = (request, response, count) =>
      count === 1 ? cutting(request, response, 1) : whole(request, response, count)
    await download(file, [`${address}/data.gz`], path, FAST)
    arrived()
    expect(requests).toHaveLength(2)
  })

  it('takes up what an interrupted run left', async () => {
    handler = cutting
    await expect(download(file, [`${address}/data.gz`], path, { ...FAST, retries: 0 })).rejects.toThrow(DownloadError)
    expect(existsSync(path)).toBe(false)
    expect(leftovers().length).toBeGreaterThan(0)
    await download(file, [`${address}/data.gz`], path, FAST)
    arrived()
    expect(requests.at(-1)!.range).toBeDefined()
    expect(leftovers()).toEqual([])
  })

  it('stops at a signal, tries no other address, and keeps what it has', async () => {
    handler = hanging
    const controller = new AbortController()
    const onProgress = () => controller.abort(new Error('enough'))
    const began = performance.now()
    const addresses = [`${address}/data.gz`, `${address}/mirror.gz`]
    await expect(
      download(file, addresses, path, { ...FAST, stall: 60_000, onProgress, signal: controller.signal }),
    ).rejects.toThrow('enough')
    expect(performance.now() - began).toBeLessThan(2000)
    expect(requests).toHaveLength(1)
    expect(leftovers().length).toBeGreaterThan(0)
    handler = cutting
    await download(file, addresses, path, FAST)
    arrived()
    expect(requests[1]!.range).toBeDefined()
  })

  it.each([
    ['wrong bytes', gzipSync(content.map((byte) => byte ^ 1))],
    ['something that is no gzip', Buffer.from('<html>moved</html>')],
    ['a truncated gzip', zipped.subarray(0, 1000)],
  ])('passes over a mirror that sends %s', async (_, body) => {
    handler = (request, response, count) =>
      request.url!.startsWith('/bad') ? void response.writeHead(200).end(body) : whole(request, response, count)
    await download(file, [`${address}/bad.gz`, `${address}/good.gz`], path, FAST)
    arrived()
    expect(leftovers()).toEqual([])
  })

  it('retries a server that stumbles, and gives up at once on a file that is not there', async () => {
    handler = (request, response, count) =>
      count < 3 ? void response.writeHead(503).end() : whole(request, response, count)
    await download(file, [`${address}/data.gz`], path, FAST)
    arrived()
    expect(requests).toHaveLength(3)
    requests = []
    handler = (_, response) => void response.writeHead(404).end()
    await expect(download(file, [`${address}/none.gz`], join(folder, 'none.gz'), FAST)).rejects.toThrow(/404/)
    expect(requests).toHaveLength(1)
    expect(existsSync(join(folder, 'none.gz'))).toBe(false)
  })

  it('stops a server that never stops', async () => {
    handler = (_, response) => {
      response.writeHead(200)
      const more = () => response.destroyed || response.write(Buffer.alloc(65_536), more)
      more()
    }
    await expect(download(file, [`${address}/endless.gz`], path, { ...FAST, retries: 0 })).rejects.toThrow(
      DownloadError,
    )
    expect(existsSync(path)).toBe(false)
  })

  it('gives up a connection that falls silent', async () => {
    handler = (_, response) =>
      void response.writeHead(200, { 'content-length': zipped.length }).write(zipped.subarray(0, 10))
    const impatient = { ...FAST, retries: 0, stall: 100 }
    await expect(download(file, [`${address}/silent.gz`], path, impatient)).rejects.toThrow(/no data/)
  })
})

describe('a data set', () => {
  const example = { images: new Uint8Array(1), labels: new Uint8Array(1), count: 1 }
  const definition = (): DatasetDefinition => ({
    info: { name: 'toy', title: 'Toy', imageShape: [1, 1, 1], classes: 1, trainCount: 1, testCount: 1, hash: 'x' },
    files: [file],
    addresses: [`${address}/`],
    decode: () => ({ train: example, test: example }),
  })
  const options = (more: Record<string, string> = {}) => ({
    env: { XDG_CACHE_HOME: join(folder, 'xdg'), HOME: folder, ...more },
    systemFolder: join(folder, 'system'),
    ...FAST,
  })
  const put = (place: string, bytes: Uint8Array, name = 'data.gz') => {
    mkdirSync(join(folder, place), { recursive: true })
    writeFileSync(join(folder, place, name), bytes)
  }

  it('is looked for in TICKETS_DATA_DIR, the system, the cache, and then downloaded', async () => {
    handler = whole
    const from = async (env = {}) => (await load(definition(), options(env))).source
    expect(await from()).toBe(join(folder, 'xdg/winning-tickets/toy'))
    expect(requests).toHaveLength(1)
    expect(await from()).toBe(join(folder, 'xdg/winning-tickets/toy'))
    put('system/toy', content, 'data')
    expect(await from()).toBe(join(folder, 'system/toy'))
    put('mine/toy', zipped)
    expect(await from({ TICKETS_DATA_DIR: join(folder, 'mine') })).toBe(join(folder, 'mine/toy'))
    expect(requests).toHaveLength(1)
  })

  it('whose file is published as it is, is fetched and checked under its own name, in the folder it shares', async () => {
    const archive: DataFile = {
      name: 'toy.tar.gz',
      packing: 'none',
      bytes: zipped.length,
      sha256: createHash('sha256').update(zipped).digest('hex'),
    }
    const given: Uint8Array[] = []
    const half: DatasetDefinition = {
      ...definition(),
      info: { ...definition().info, name: 'half' },
      folder: 'toy',
      files: [archive],
      decode: (contents) => {
        given.push(contents.get(archive.name)!)
        return { train: example, test: example }
      },
    }
    handler = whole
    expect((await load(half, options())).source).toBe(join(folder, 'xdg/winning-tickets/toy'))
    expect(requests.map(({ url }) => url)).toEqual(['/toy.tar.gz'])
    expect(new Uint8Array(given[0]!)).toEqual(new Uint8Array(zipped))
    const damaged = zipped.map((byte, i) => (i === 100 ? byte ^ 1 : byte))
    put('mine/toy', damaged, archive.name)
    const mine = options({ TICKETS_DATA_DIR: join(folder, 'mine') })
    const wrong =
      /mine\/toy\/toy\.tar\.gz is not the right toy\.tar\.gz \(SHA-256 \w+, not \w+\); delete it and fetch it again\.$/
    await expect(load(half, mine)).rejects.toThrow(wrong)
    put('mine/toy', Buffer.concat([zipped, zipped]), archive.name)
    await expect(load(half, mine)).rejects.toThrow(/has \d+ bytes, more than toy\.tar\.gz can have; delete it/)
  })

  it('is mended in the cache, and refused elsewhere, if a file is damaged', async () => {
    handler = whole
    put('xdg/winning-tickets/toy', zipped.subarray(0, 500))
    expect((await load(definition(), options())).source).toBe(join(folder, 'xdg/winning-tickets/toy'))
    expect(requests).toHaveLength(1)
    put('mine/toy', zipped.subarray(0, 500))
    const mine = options({ TICKETS_DATA_DIR: join(folder, 'mine') })
    await expect(load(definition(), mine)).rejects.toThrow(/mine\/toy\/data\.gz cannot be unpacked/)
    // Whole and of the right size, but with one bit that is not the file's.
    put('mine/toy', gzipSync(content.map((byte, i) => (i === 100 ? byte ^ 1 : byte))))
    await expect(load(definition(), mine)).rejects.toThrow(
      /^\S*mine\/toy\/data\.gz is not the right data \(decoded SHA-256 \w+, not \w+\); delete it and fetch it again\.$/,
    )
  })

  it('that cannot be had gives one sentence with what to do', async () => {
    handler = (_, response) => void response.writeHead(404).end()
    const error = await load(definition(), options()).catch((reason: unknown) => reason as Error)
    expect(error).toBeInstanceOf(UserError)
    const { message } = error as Error
    expect(message).toMatch(
      /^Toy \(toy\) is not on this machine and could not be downloaded .*404.*TICKETS_DATA_DIR.*\.$/,
    )
    expect(message).not.toContain('\n')
    await expect(load(definition(), { ...options(), offline: true })).rejects.toThrow('may not be downloaded')
    const nowhere = options({ TICKETS_DATA_DIR: join(folder, 'nowhere') })
    await expect(load(definition(), nowhere)).rejects.toThrow(/TICKETS_DATA_DIR is ".*nowhere", which is not a folder/)
  })
})
