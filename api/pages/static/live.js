// One stream for all tabs of a browser: HTTP/1.1 gives it six connections, and a tab of its own would take one each.
"use strict";

const FAILS_MS = 2500; // a stream that ends is opened again within this, and nobody is told
const SILENT_MS = 12000; // the server says something every five seconds
const GONE_MS = 180000; // a page that has said nothing for so long is closed

const pages = new Map();
let source = null;
let opened = "";
let marks = {};
let heard = Date.now();
let failing = 0;
let up = true;

function topics() {
  const now = Date.now();
  for (const [port, page] of pages) if (now - page.seen > GONE_MS) pages.delete(port);
  return [...new Set([...pages.values()].flatMap((page) => page.topics))].sort().slice(0, 100).join(",");
}

function tell() {
  for (const port of pages.keys()) port.postMessage({ up, heard, marks });
}

function alive() {
  heard = Date.now();
  failing = 0;
  if (!up) {
    up = true;
    tell();
  }
}

function open() {
  if (source) source.close();
  source = null;
  opened = topics();
  if (!opened) return;
  source = new EventSource(`/live?topics=${encodeURIComponent(opened)}`);
  source.onopen = alive;
  source.addEventListener("beat", alive);
  source.onmessage = (message) => {
    marks = { ...marks, ...JSON.parse(message.data) };
    alive();
    tell();
  };
  source.onerror = () => {
    failing ||= Date.now();
    // An answer that is no stream, as from a proxy while the server is away, closes the source for good.
    if (source && source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
  };
}

setInterval(() => {
  const now = Date.now();
  if (!opened) heard = now;
  const down = opened && ((failing && now - failing > FAILS_MS) || now - heard > SILENT_MS);
  if (down && up) up = false;
  if (!up) tell();
  if (down && now - heard > SILENT_MS && source && source.readyState === EventSource.OPEN) {
    heard = now - FAILS_MS;
    open(); // it hangs
  }
}, 1000);

function join(port) {
  port.onmessage = ({ data }) => {
    if (data.bye) pages.delete(port);
    else pages.set(port, { topics: data.topics, seen: Date.now() });
    if (topics() !== opened) open();
    else if (data.hello) port.postMessage({ up, heard, marks });
  };
}

if (typeof SharedWorkerGlobalScope !== "undefined") self.onconnect = (event) => join(event.ports[0]);
else join(self);
