// Runs inside the bundle that defines vegaEmbed.

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
const contents = new WeakMap();

function content(variant) {
  if (!contents.has(variant)) {
    const data = variant.querySelector("script.data");
    contents.set(variant, data && JSON.parse(data.textContent));
  }
  return contents.get(variant);
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
  const { columns, rows, specs } = content(variant);
  const records = rows.map((row) => Object.fromEntries(columns.map((column, n) => [column, row[n]])));
  const charts = variant.querySelectorAll(".chart");
  for (const [n, spec] of specs.entries()) {
    const shown = { ...spec, datasets: { rows: records.map((record) => ({ ...record })) } };
    await vegaEmbed(charts[n], shown, options);
    charts[n].style.minHeight = "";
    mendLabels(charts[n]);
    const redrawn = new MutationObserver(() => mendLabels(charts[n]));
    redrawn.observe(charts[n], { subtree: true, childList: true, characterData: true });
  }
}

// Draws what can be seen, from the top, and leaves the browser time in between.
async function drawShown() {
  for (const variant of document.querySelectorAll(".variant")) {
    if (variant.offsetParent !== null && content(variant) && !variant.classList.contains("drawn")) {
      await draw(variant);
      await new Promise((done) => setTimeout(done));
    }
  }
  document.documentElement.dataset.drawn = "yes";
}

// A long table holds its first rows only; the others are among the rows of the chart.
function completeTable(details) {
  const variant = details.closest(".variant");
  const cut = details.querySelector(".cut");
  if (!cut || !content(variant)?.isAnswer) return;
  const table = details.querySelector("table");
  const kinds = table.dataset.kinds;
  const body = table.tBodies[0];
  const { columns, rows } = content(variant);
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
  if (column.endsWith("_share")) return `${(100 * value).toLocaleString("en-US", { maximumFractionDigits: 1 })}\u00a0%`;
  return value.toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(value) ? 0 : 2, maximumFractionDigits: 2 });
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
  details.addEventListener("toggle", () => details.open && !opened.length && completeTable(details));
}
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
for (const input of document.querySelectorAll(".levels input")) {
  input.addEventListener("change", () => {
    document.documentElement.dataset.drawn = "no";
    dispatchEvent(new Event("resize")); // charts drawn before may have been hidden while the window changed
    drawShown();
  });
}

addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.numbers:not([open])")];
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
  opened = [];
});

drawShown();
