"use strict";
// Asks for the figures once a second and shows them; lists blocks and transactions, and finds one.

const PERIOD_MS = 1000;
const POINTS = 120;
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const rates = [];
let before = null;
let listed = -1;

const byId = (id) => document.getElementById(id);
const show = (id, text) => { byId(id).textContent = text; };

async function ask(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }
  return answer;
}

function row(cells) {
  const tr = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    td.classList.toggle("hash", /^[0-9a-f]{40,}$/.test(td.textContent));
    tr.append(td);
  }
  return tr;
}

function link(text, action) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.addEventListener("click", action);
  return button;
}

function bytes(amount) {
  return amount < 1 << 20 ? `${number.format(amount / 1024)} KiB` : `${number.format(amount / (1 << 20))} MiB`;
}

function draw(tps) {
  rates.push(tps);
  rates.splice(0, rates.length - POINTS);
  const peak = Math.max(...rates, 1);
  byId("line").setAttribute("points", rates.map((value, index) => `${POINTS - rates.length + index},${39 - 38 * value / peak}`).join(" "));
  show("tps", number.format(tps));
  show("peak", `At most ${number.format(Math.max(...rates))} in the last two minutes. Means of ten seconds.`);
}

function stages(status, seconds) {
  const known = new Map(before === null ? [] : before.status.stages.map((stage) => [stage.name, stage]));
  byId("stages").replaceChildren(...status.stages.map((stage) => {
    const then = known.get(stage.name);
    const busy = then === undefined ? 0 : (stage.seconds_total - then.seconds_total) / seconds / stage.threads;
    const each = stage.transactions_total === 0 ? "" : fine.format(1e6 * stage.seconds_total / stage.transactions_total);
    return row([stage.name, `${number.format(100 * busy)} %`, each, number.format(stage.transactions_total)]);
  }));
}

async function blocks(height) {
  if (height === listed) {
    return;
  }
  listed = height;
  const list = await ask("/v1/blocks?limit=20");
  byId("blocks").replaceChildren(...list.map((block) => row([
    link(block.height, () => open(block.height)),
    new Date(block.time_ms).toLocaleString(),
    number.format(block.transactions),
    block.id,
  ])));
}

async function open(height) {
  byId("block-section").hidden = false;
  show("block-title", `Block ${height}`);
  let block;
  try {
    block = await ask(`/v1/blocks/${height}`);
  } catch (error) {
    byId("transactions").replaceChildren();
    show("block-note", error.message);
    return;
  }
  const list = block.list ?? [];
  show("block-note", list.length < block.transactions ? `The first ${list.length} of ${number.format(block.transactions)}.` : "");
  byId("transactions").replaceChildren(...list.map((transaction) => row([
    number.format(transaction.index),
    transaction.kind,
    transaction.sender,
    link(transaction.id, () => find(transaction.id)),
  ])));
  byId("block-section").scrollIntoView();
}

async function find(text) {
  const what = text.trim().toLowerCase().replace(/^0x/, "");
  byId("what").value = what;
  const places = /^[0-9]{1,15}$/.test(what) ? [`blocks/${what}`]
    : what.length === 40 ? [`accounts/${what}`]
    : [`transactions/${what}`, `records/${what}`];
  let answer = "";
  for (const place of places) {
    try {
      answer = JSON.stringify(await ask(`/v1/${place}`), null, 2);
      break;
    } catch (error) {
      answer = error.message;
    }
  }
  byId("found").hidden = false;
  show("found", answer);
}

async function tick() {
  try {
    const status = await ask("/v1/status");
    const now = performance.now();
    const seconds = before === null ? 1 : (now - before.now) / 1000;
    const state = byId("state");
    state.className = status.problem === null ? "good" : "bad";
    state.textContent = status.problem ?? `Chain ${status.chain_id}, suite ${status.suite}.`;
    draw(status.tps);
    show("height", number.format(status.height));
    show("p50", fine.format(status.p50_ms));
    show("p99", fine.format(status.p99_ms));
    show("gate", number.format(status.gate_transactions));
    show("pool", number.format(status.pool_transactions));
    show("block-bytes", bytes(status.block_bytes));
    show("state-bytes", bytes(status.state_bytes));
    show("first-block", number.format(status.first_block));
    show("snapshot", status.snapshot_problem ?? (status.snapshot === null ? "none" : number.format(status.snapshot)));
    stages(status, seconds);
    byId("refusals").replaceChildren(...status.refusals.map(({ reason, total }) => row([reason, number.format(total)])));
    before = { now, status };
    await blocks(status.height);
  } catch (error) {
    Object.assign(byId("state"), { className: "bad", textContent: `No answer: ${error.message}` });
  }
  setTimeout(tick, PERIOD_MS);
}

byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find(byId("what").value);
});
tick();
