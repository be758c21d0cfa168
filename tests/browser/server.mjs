// A static server for the built page: right MIME types, the headers we tell hosts to send, a folder of choice.
// As a program: node server.mjs FOLDER PORT. In tests: `serve({ ... })`.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/markdown; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ts": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/** The policy the page is built to live under. */
export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self'; worker-src 'self' blob:; frame-src 'self'; frame-ancestors *";

/** The headers we tell hosts to send. */
export const ownHeaders = {
  "Content-Security-Policy": policy,
  "Access-Control-Allow-Origin": "*",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Cache-Control": "no-cache",
};

/**
 * Serves a folder on 127.0.0.1.
 * - `root`: the folder (default dist)
 * - `port`: 0 takes a free one
 * - `base`: the path it appears under, such as "/a/b/"; everything else is 404
 * - `headers`: replaces the usual headers; a function gets (path) and returns them
 * - `mime`: other types by extension, such as { ".wasm": "application/octet-stream" }
 * - `slow`: how long a file is on its way, in ms, by its path
 * - `pages`: whole pages of a test's own, by path: { "/host.html": "<!doctype html>..." }
 * Answers { url, origin, requests, close }; `requests` lists the paths asked for.
 */
export async function serve({ root = "dist", port = 0, base = "/", headers = ownHeaders, mime = {}, slow = () => 0, pages = {} } = {}) {
  const folder = resolve(root);
  const requests = [];

  async function find(path) {
    if (path in pages) return { body: pages[path], type: types[extname(path)] ?? types[".html"] };
    if (!path.startsWith(base)) return null;
    const inside = path.slice(base.length);
    const file = join(folder, inside.endsWith("/") || inside === "" ? `${inside}index.html` : inside);
    if (!file.startsWith(folder + sep)) return null;
    const type = mime[extname(file)] ?? types[extname(file)] ?? "application/octet-stream";
    return readFile(file).then((body) => ({ body, type }), () => null);
  }

  const server = createServer(async (request, response) => {
    let path;
    try {
      path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    } catch {
      response.writeHead(400).end();
      return;
    }
    // Browsers ask for it when they show a picture by itself; that is no request of the page's.
    if (path === "/favicon.ico") return response.writeHead(204).end();
    requests.push(path);
    const found = await find(path);
    const sent = typeof headers === "function" ? headers(path) : headers;
    if (!found) response.writeHead(404, { ...sent, "Content-Type": "text/plain" }).end("not found\n");
    else {
      response.writeHead(200, { ...sent, "Content-Type": found.type }).flushHeaders();
      setTimeout(() => response.end(request.method === "HEAD" ? undefined : found.body), slow(path));
    }
  });

  await new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const close = () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  return { url: origin + base, origin, requests, close };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [root = "dist", port = "8080"] = process.argv.slice(2);
  try {
    const { origin } = await serve({ root, port: Number(port) });
    console.log(`Delivery Lab is at ${origin}/ (Ctrl-C ends it)`);
  } catch (error) {
    console.error(`error: cannot serve on port ${port}: ${error.code === "EADDRINUSE" ? "something else uses it; name another with PORT=8081" : error.message}`);
    process.exit(1);
  }
}
