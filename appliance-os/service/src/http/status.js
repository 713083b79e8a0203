"use strict";
// Asks for the figures once a second and shows them. Rates are differences of totals, so a page that slept shows the mean of that time.

const PERIOD_MS = 1000;
const POINTS = 120;
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const rates = [];
let before = null;

const byId = (id) => document.getElementById(id);
const show = (id, text) => { byId(id).textContent = text; };

function row(cells) {
  const tr = document.createElement("tr");
  for (const cell of cells) {
    tr.append(Object.assign(document.createElement("td"), { textContent: cell }));
  }
  return tr;
}

function rate(now, then, seconds) {
  return then === undefined || seconds <= 0 ? 0 : Math.max(0, now - then) / seconds;
}

function bytes(amount) {
  return amount < 1 << 20 ? `${number.format(amount / 1024)} KiB` : `${number.format(amount / (1 << 20))} MiB`;
}

function percent(part, whole) {
  return whole === 0 ? "" : `${fine.format(100 * part / whole)} %`;
}

function duration(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const [size, name] = units.find(([size]) => seconds >= size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${name}`;
}

function draw(perSecond) {
  rates.push(perSecond);
  rates.splice(0, rates.length - POINTS);
  const peak = Math.max(...rates, 1);
  const points = rates.map((value, index) => `${POINTS - rates.length + index},${39 - 38 * value / peak}`);
  byId("line").setAttribute("points", points.join(" "));
  show("rate", number.format(perSecond));
  show("peak", `At most ${number.format(Math.max(...rates))} in the last two minutes.`);
}

function sources(status, seconds) {
  const known = new Map(before === null ? [] : before.status.sources.map((source) => [source.name, source]));
  const rows = status.sources.map((source) => row([
    source.name,
    source.standing ?? "",
    number.format(source.connections),
    number.format(rate(source.items_total, known.get(source.name)?.items_total, seconds)),
    number.format(source.items_total),
    number.format(source.invalid_total),
    number.format(source.refused_total),
    number.format(source.items_in_flight),
  ]));
  byId("sources").replaceChildren(...(rows.length ? rows : [row(["Nobody is connected."])]));
}

function backends(status) {
  const all = status.backends;
  const items = all.reduce((sum, { items_total }) => sum + items_total, 0);
  byId("backends").replaceChildren(...all.map((backend) => row([
    backend.name,
    backend.state,
    number.format(backend.items_total),
    percent(backend.items_total, items),
    percent(backend.items_audited_total, backend.items_total),
    number.format(backend.quarantines_total),
    number.format(backend.threads_stuck),
    backend.hardware,
  ])));
  const ailing = all.filter(({ state }) => state === "quarantined");
  show("ailments", ailing.map(({ name, reason, retry_seconds }) =>
    `${name} is not used: ${reason}. It is tried again in ${duration(retry_seconds)}; the others do its work.`).join(" "));
  const curves = all.flatMap(({ name, curves }) => curves.map((curve) =>
    row([name, curve.task, fine.format(curve.fixed_us), fine.format(curve.item_ns), fine.format(curve.byte_ns), number.format(curve.jobs)])));
  byId("curves").replaceChildren(...(curves.length ? curves : [row(["Nothing was learnt yet."])]));
  const strategies = all.flatMap((backend) => backend.strategies);
  byId("strategies").replaceChildren(...strategies.map(({ name, items_total }) => row([name, number.format(items_total)])));
}

function signing({ signing: signer }) {
  byId("signing-section").hidden = signer === null;
  if (signer === null) return;
  byId("signing").replaceChildren(row([
    signer.device,
    signer.problem === null ? "ready" : "cannot be used",
    number.format(signer.signed_total),
    number.format(signer.failed_total),
    number.format(signer.items_in_flight),
    number.format(signer.restarts_total),
    signer.description,
  ]));
  show("signing-problem", signer.problem ?? "");
}

function listeners(status) {
  const entries = Object.entries(status.listeners).flatMap(([name, address]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: address ?? "off" }),
  ]);
  byId("listeners").replaceChildren(...entries);
}

function update(status) {
  const at = performance.now();
  const seconds = before === null ? 0 : (at - before.at) / 1000;
  const good = status.problem === null;
  show("state", good ? `Ready. Version ${status.version}, up ${duration(status.uptime_seconds)}.` : `Not ready: ${status.problem}`);
  byId("state").className = good ? "good" : "bad";
  draw(rate(status.items_total, before?.status.items_total, seconds));
  show("requests", number.format(status.requests_in_flight));
  show("queued", number.format(status.items_queued));
  show("running", number.format(status.items_running));
  show("most", number.format(status.items_in_flight_max));
  show("bytes", `${bytes(status.message_bytes)} of ${bytes(status.message_bytes_max)}`);
  show("items", number.format(status.items_total));
  sources(status, seconds);
  backends(status);
  signing(status);
  listeners(status);
  before = { at, status };
}

// The chain, where this service runs one: the rest of it is on a page of its own.
async function chain() {
  const response = await fetch("/v1/status", { cache: "no-store" });
  if (!response.ok) {
    return;
  }
  const { height, tps, p50_ms, p99_ms, problem } = await response.json();
  byId("chain").hidden = false;
  show("chain-now", problem ?? `height ${number.format(height)}, ${number.format(tps)} transactions a second, confirmed after ${fine.format(p50_ms)} ms (half) and ${fine.format(p99_ms)} ms (99 of 100)`);
  setTimeout(chain, PERIOD_MS);
}

async function poll() {
  try {
    const response = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(5 * PERIOD_MS) });
    update(await response.json());
  } catch (error) {
    show("state", `The service does not answer (${error.message}). The figures below are old.`);
    byId("state").className = "bad";
  }
  setTimeout(poll, PERIOD_MS);
}

poll();
chain();
