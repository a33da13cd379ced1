"use strict";

const POLL = 500; // milliseconds between two looks at the counters
const LOGGED = 8; // visits that are listed

const frames = [...document.querySelectorAll("iframe")];
const names = frames.map((frame) => frame.dataset.side); // "without", then "with"
const cells = [...document.querySelectorAll("[data-figure]")];
const actions = document.querySelector(".actions");
const account = document.querySelector("[data-action=account]");
const loggedIn = new Map();

let before = null; // the counters when this visit began
let visits = 0;
let ended = false;

const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
const operations = (figures) => figures.session_reads + figures.session_writes;

function say(text) {
  document.getElementById("status").textContent = text;
}

async function ask(path, options) {
  try {
    const response = await fetch(path, options);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return await response.json();
  } catch (error) {
    ended = true;
    say("The demo does not answer any more. Start it again, then load this page again.");
    throw error;
  }
}

const counters = () => ask("/figures");

/** What has been counted since this visit began. */
function since(totals) {
  const difference = (side) => {
    const figures = Object.entries(totals[side]);
    return Object.fromEntries(figures.map(([name, value]) => [name, value - before[side][name]]));
  };
  return Object.fromEntries(names.map((side) => [side, difference(side)]));
}

function show(totals) {
  const visit = since(totals);
  for (const cell of cells) {
    const { side, figure } = cell.dataset;
    const largest = Math.max(...names.map((name) => visit[name][figure]));
    cell.querySelector(".now").textContent = number(visit[side][figure]);
    cell.querySelector(".all").textContent = number(totals[side][figure]);
    cell.style.setProperty("--share", largest ? visit[side][figure] / largest : 0);
  }
  return visit;
}

function list(what, visit) {
  const row = document.createElement("tr");
  const heading = document.createElement("th");
  heading.scope = "row";
  heading.textContent = `${(visits += 1)}. ${what}`;
  row.append(heading);
  for (const figure of [(figures) => figures.requests, operations]) {
    for (const side of names) {
      const cell = row.insertCell();
      cell.className = side;
      cell.textContent = number(figure(visit[side]));
    }
  }
  const log = document.getElementById("log");
  log.prepend(row);
  while (log.rows.length > LOGGED) log.lastElementChild.remove();
}

/** Show the header fields of the file that is watched, side by side. */
async function compareHeaders() {
  const { fields } = await ask("/response");
  const rows = fields.map(([name, ...values]) => {
    const row = document.createElement("tr");
    const heading = document.createElement("th");
    heading.scope = "row";
    heading.textContent = name;
    row.append(heading);
    values.forEach((value, index) => {
      const cell = row.insertCell();
      cell.className = names[index];
      cell.textContent = value ?? "–";
    });
    return row;
  });
  document.getElementById("fields").replaceChildren(...rows);
}

/** Send both frames somewhere, and wait until all that is on their pages is there. */
async function travel(what, depart) {
  before = await counters();
  show(before);
  say(`${what} …`);
  await Promise.all(
    frames.map((frame) => {
      const arrived = new Promise((done) => frame.addEventListener("load", done, { once: true }));
      depart(frame);
      return arrived;
    }),
  );
  const visit = show(await counters());
  list(what, visit);
  await compareHeaders();
  const [without, optimized] = names.map(
    (side) =>
      `${count(visit[side].requests, "request")}, ${count(operations(visit[side]), "session operation")}`,
  );
  say(`${what}. Without: ${without}. With: ${optimized}.`);
}

function get(frame) {
  frame.src = `${frame.dataset.origin}/`;
}

function post(frame, path) {
  const form = frame.parentElement.querySelector("form");
  form.action = frame.dataset.origin + path;
  form.submit();
}

const everywhere = () => frames.every((frame) => loggedIn.get(frame.contentWindow));

let deployed = "";

const act = {
  visit: () => {
    const what = deployed ? `Visited ${deployed}` : "Visited again";
    deployed = "";
    return travel(what, get);
  },
  account: () =>
    everywhere()
      ? travel("Logged out", (frame) => post(frame, "/logout"))
      : travel("Logged in", (frame) => post(frame, "/login")),
  deploy: async () => {
    const { files, version } = await ask("/deploy", { method: "POST" });
    deployed = `version ${version}`;
    const what = files.join(" and ");
    say(`${what} are now version ${version} in both apps. Visit again to see what is asked for.`);
  },
};

/** One at a time: what is pressed meanwhile is ignored, but keeps the focus. */
async function alone(action) {
  if (ended || actions.ariaBusy === "true") return;
  actions.ariaBusy = "true";
  try {
    await action();
  } finally {
    actions.ariaBusy = "false";
  }
}

actions.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) alone(act[button.dataset.action]);
});

window.addEventListener("message", (event) => {
  if (!frames.some((frame) => frame.contentWindow === event.source)) return;
  loggedIn.set(event.source, event.data.loggedIn);
  account.textContent = everywhere() ? "Log out" : "Log in";
});

/** Show what is counted meanwhile, and what a frame asks for on its own. */
async function watch() {
  const visit = before;
  if (visit && !document.hidden) {
    const totals = await counters();
    if (visit === before) show(totals);
  }
  if (!ended) setTimeout(watch, POLL);
}

// Not before the frames have loaded the nothing that they come with.
window.addEventListener("load", () => {
  alone(() => travel("Opened", get));
  watch();
});
