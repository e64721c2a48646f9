// Draws the charts with vegaEmbed, which vega.js defines, and keeps the reader's choices in the address.

const config = JSON.parse(document.getElementById("config").textContent);
const options = {
  mode: "vega-lite",
  renderer: "svg",
  actions: false,
  defaultStyle: false,
  ast: true, // evaluates expressions without eval, which the page forbids
  config,
  tooltip: { disableDefaultStyle: true },
};
const contents = new WeakMap(); // the promise of each variant's data
const views = new Map(); // of each chart that is drawn: its view, and the days that it shows, in milliseconds
const period = ["period-from", "period-to"].map((id) => document.getElementById(id)).filter(Boolean);
let chosenDays = period.map((input) => input.defaultValue); // the first and the last day; none without plays

// The rows of a variant's answer, and its charts; null without rows.
function content(variant) {
  if (!contents.has(variant)) {
    const data = variant.querySelector("script.data");
    contents.set(variant, data && unpacked(data.textContent));
  }
  return contents.get(variant);
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

// Vega shortens a label between any two units of UTF-16; half a character is taken away.
function mendLabels(chart) {
  for (const text of chart.querySelectorAll(".mark-text text")) {
    if (/[\ud800-\udbff]…/.test(text.textContent)) {
      text.textContent = text.textContent.replace(/[\ud800-\udbff]…/, "…");
    }
  }
}

async function draw(variant) {
  variant.classList.add("drawn");
  const answer = await content(variant);
  const { columns, rows } = answer.drawn ?? answer;
  const records = rows.map((row) => Object.fromEntries(columns.map((column, n) => [column, row[n]])));
  const charts = variant.querySelectorAll(".chart");
  for (const [n, spec] of answer.specs.entries()) {
    const shown = { ...spec, datasets: { rows: records.map((record) => ({ ...record })) } };
    const { view } = await vegaEmbed(charts[n], shown, options);
    const params = Object.fromEntries((spec.params ?? []).map(({ name, value }) => [name, value]));
    views.set(charts[n], { view, ...params });
    await showPeriod(charts[n]);
    charts[n].style.minHeight = "";
    mendLabels(charts[n]);
    const redrawn = new MutationObserver(() => mendLabels(charts[n]));
    redrawn.observe(charts[n], { subtree: true, childList: true, characterData: true });
  }
}

// When the day, week (from Monday) or month begins in which a day lies, or the next one, in milliseconds.
function beginning(day, grain, next = 0) {
  const date = new Date(day);
  if (grain === "week") date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7) + 7 * next);
  else if (grain === "month") date.setUTCMonth(date.getUTCMonth() + next, 1);
  else date.setUTCDate(date.getUTCDate() + next);
  return date.getTime();
}

// Narrows a chart of days to those that the reader chose, as far as it has them. A bar of a week or month is shown whole:
// beside a part of it, its number would be taken for that of the part.
async function showPeriod(chart) {
  const { view, first, end, grain } = views.get(chart);
  if (first === undefined || !chosenDays.length) return;
  const isNarrowed = period.some((input, n) => chosenDays[n] !== input.defaultValue);
  const chosen = [Math.max(first, beginning(chosenDays[0], grain)), Math.min(end, beginning(chosenDays[1], grain, 1))];
  const [from, to] = isNarrowed && chosen[0] < chosen[1] ? chosen : [first, end];
  if (view.signal("first") === from && view.signal("end") === to) return;
  await view.signal("first", from).signal("end", to).runAsync();
}

// Draws what can be seen, from the top, and leaves the browser time in between.
async function drawShown() {
  for (const variant of document.querySelectorAll(".variant")) {
    if (variant.offsetParent !== null && variant.querySelector(".chart") && !variant.classList.contains("drawn")) {
      await draw(variant);
      await new Promise((done) => setTimeout(done));
    }
  }
  document.documentElement.dataset.drawn = "yes";
}

// A long table holds its first rows only; the others are in the data beside it.
async function completeTable(variant) {
  const cut = variant.querySelector(".cut");
  const answer = cut && (await content(variant));
  if (!answer?.isComplete || !cut.isConnected) return;
  const { columns, rows } = answer;
  const table = variant.querySelector("table");
  const kinds = table.dataset.kinds;
  const body = table.tBodies[0];
  for (const row of rows.slice(body.rows.length)) {
    const tr = body.insertRow();
    row.forEach((value, n) => {
      const cell = document.createElement(n ? "td" : "th");
      if (!n) cell.scope = "row";
      if (kinds[n] === "t") cell.dir = "auto";
      cell.textContent = shownValue(columns[n], value);
      tr.append(cell);
    });
  }
  cut.remove();
}

function shownValue(column, value) {
  if (value === null) return "–";
  if (typeof value !== "number") return value;
  if (column.endsWith("_share")) return shownShare(100 * value);
  return value.toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 2 });
}

// 0 % and 100 % only when it is exactly none or all.
function shownShare(percent) {
  if (0 < percent && percent < 0.05) return "under 0.1\u00a0%";
  if (99.95 <= percent && percent < 100) return "over 99.9\u00a0%";
  return `${percent.toLocaleString("en-US", { maximumFractionDigits: 1 })}\u00a0%`;
}

let opened = []; // tables that are open for the printer only

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  const label = button.firstChild;
  label.data = "Copied";
  setTimeout(() => (label.data = "Copy"), 2000);
}

for (const details of document.querySelectorAll("details.numbers")) {
  details.addEventListener("toggle", () => details.open && !opened.length && completeTable(details.closest(".variant")));
}
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

function levelChanged() {
  document.documentElement.dataset.drawn = "no";
  dispatchEvent(new Event("resize")); // charts drawn before may have been hidden while the window changed
  drawShown();
}

async function showPeriods() {
  for (const chart of views.keys()) await showPeriod(chart);
}

// Takes the days of the two fields, the earlier one first; not while one of them is no day of the period.
function chooseDays() {
  if (!period.every((input) => input.validity.valid)) return;
  chosenDays = period.map((input) => input.value).sort();
  for (const [n, input] of period.entries()) input.value = chosenDays[n];
}

// The address holds what the reader chose, as #level=paid&from=2018-11-05&to=2018-11-11, so that it can be sent.
function writeAddress() {
  const chosen = new URLSearchParams();
  const level = document.querySelector(".levels input:checked");
  if (level && level.value !== "all") chosen.set("level", level.value);
  for (const [n, name] of ["from", "to"].entries()) {
    if (period[n] && chosenDays[n] !== period[n].defaultValue) chosen.set(name, chosenDays[n]);
  }
  history.replaceState(null, "", `#${chosen}`);
}

// What the address says and the report does not have is left out, and the address is written as it is understood.
function readAddress() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const level = document.getElementById(`level-${chosen.get("level")}`) ?? document.querySelector(".levels input");
  if (level) level.checked = true;
  for (const [n, input] of period.entries()) {
    input.value = chosen.get(["from", "to"][n]) ?? input.defaultValue;
    if (!input.validity.valid) input.value = input.defaultValue;
  }
  chooseDays();
  writeAddress();
}

for (const input of document.querySelectorAll(".levels input")) {
  input.addEventListener("change", () => {
    writeAddress();
    levelChanged();
  });
}
for (const input of period) {
  input.addEventListener("change", () => {
    chooseDays();
    writeAddress();
    showPeriods();
  });
}
addEventListener("hashchange", () => {
  if (!location.hash.includes("=")) return; // a link to a chapter
  readAddress();
  levelChanged();
  showPeriods();
});

// A link to a chapter scrolls there and leaves the address as it is, which may hold choices.
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const chapter = document.querySelector(link.hash);
    chapter.scrollIntoView();
    chapter.focus({ preventScroll: true });
  });
}

// An answer as a file, in the CSV of `sparkify query`: exact values, and an empty field is null.
async function saveTable(button) {
  const figure = button.closest(".variant");
  const head = [...figure.querySelectorAll("thead th")].map((cell) => cell.textContent);
  const answer = await content(figure);
  const rows = [head, ...(answer?.rows ?? [])].map((row) => row.map(csvField).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }));
  const level = figure.dataset.level === "any" ? "" : `_${figure.dataset.level}`;
  link.download = `${button.dataset.name}${level}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function csvField(value) {
  if (value === null) return "";
  const text = String(value);
  return text === "" || /^#|[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Paper gets the brief, the sentences and the charts; the tables only on demand.
addEventListener("beforeprint", () => {
  if (document.documentElement.dataset.print !== "all") return;
  opened = [...document.querySelectorAll("details.numbers:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
  opened = [];
  delete document.documentElement.dataset.print;
});
document.getElementById("print-all").addEventListener("click", () => {
  document.documentElement.dataset.print = "all";
  print();
});
for (const button of document.querySelectorAll(".csv")) {
  button.addEventListener("click", () => saveTable(button));
}
for (const hidden of document.querySelectorAll(".period, .save, .paper")) hidden.hidden = false;

if (location.hash.includes("=")) readAddress();
drawShown();
