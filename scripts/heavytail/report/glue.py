"""The page's own JavaScript: it hands data to Vega-Lite, and fills and sorts tables.

Every text goes into the page as text (`textContent`), never as markup.
"""

GLUE = r"""
"use strict";
(async () => {
/* The data: JSON, compressed. No request is made for them. */
const bytes = Uint8Array.from(atob(document.getElementById("data").textContent),
  (letter) => letter.charCodeAt(0));
const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const DATA = JSON.parse(await new Response(plain).text());
const views = new Map();    // name of a chart → its view
const kept = new Map();     // name of a selection → what was chosen
const SHOWN_ROWS = 100;
const picker = document.getElementById("model");
const dark = matchMedia("(prefers-color-scheme: dark)");

const element = (tag, text = "", properties = {}) =>
  Object.assign(document.createElement(tag), { textContent: text }, properties);

/* Rows of a dataset as objects: all, or those of the chosen model. */
function rowsOf(name, everyModel = false) {
  const { length, columns } = DATA.datasets[name] ?? { length: 0, columns: {} };
  const names = Object.keys(columns);
  const at = (column, i) => column.levels ? column.levels[column.codes[i]] : column.values[i];
  const own = everyModel ? undefined : columns.model;
  const found = [];
  for (let i = 0; i < length; i++) {
    if (own && at(own, i) !== picker.value) continue;
    found.push(Object.fromEntries(names.map((key) => [key, at(columns[key], i)])));
  }
  return found;
}

const root = document.documentElement;
const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

/* Fill the options of a chart's selections from its data. */
function withChoices(chart, spec) {
  for (const [name, [data, column]] of Object.entries(chart.choices)) {
    const parameter = spec.params.find((one) => one.name === name);
    const rows = spec.datasets[data].filter((row) => row.method !== "dense" && row[column] != null);
    const given = parameter.bind.options.filter(Boolean);
    parameter.bind.options = [...new Set([...given, ...rows.map((row) => row[column])])];
    parameter.value = parameter.bind.options[0] ?? null;
  }
  for (const one of spec.params ?? []) {
    if (one.bind?.options?.includes(kept.get(one.name))) one.value = kept.get(one.name);
  }
}

async function draw(chart) {
  const place = document.getElementById(`draw-${chart.name}`);
  for (const one of chart.spec.params ?? []) {
    const view = views.get(chart.name)?.view;
    if (one.bind?.options && view) kept.set(one.name, view.signal(one.name));
  }
  views.get(chart.name)?.finalize();
  views.delete(chart.name);
  const spec = structuredClone(chart.spec);
  const entries = chart.needs.map((name) => [name, rowsOf(name, chart.everyModel)]);
  spec.datasets = Object.fromEntries(entries);
  if (!spec.datasets[chart.needs[0]].length) {
    place.replaceChildren(element("p", "Nothing of this model.", { className: "empty" }));
    return;
  }
  spec.layer &&= spec.layer.filter(({ data }) => spec.datasets[data?.name]?.length !== 0);
  withChoices(chart, spec);
  const result = await vegaEmbed(place, spec, {
    ast: true, renderer: "svg", config: DATA.themes[isDark() ? "dark" : "light"],
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
    downloadFileName: chart.name, tooltip: { theme: isDark() ? "dark" : "light" },
  });
  views.set(chart.name, result);
  result.view.addEventListener("click", (_, item) => item?.datum && openRecord(item.datum));
  place.dataset.drawn = picker.value;
}

/* Charts are drawn when they come near the window. */
const near = new Set();
let queue = Promise.resolve();
const drawLater = (chart) => queue = queue.then(() => draw(chart)).catch((error) => {
  const told = element("p", String(error), { className: "empty" });
  document.getElementById(`draw-${chart.name}`).replaceChildren(told);
  console.error(error);
});
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const chart = DATA.charts.find(({ name }) => target.id === `draw-${name}`);
    if (isIntersecting && !near.has(chart)) { near.add(chart); drawLater(chart); }
  }
}, { rootMargin: "300px" });

function redraw(tables = true) {
  for (const chart of near) drawLater(chart);
  if (tables) for (const table of DATA.tables) fill(table);
}

/* What is recorded of a cell: its settings and numbers, seed by seed. */
function openRecord(datum) {
  const keys = ["model", "method", "sparsity", "allocation"];
  const same = (row) => keys.every((key) => row[key] === datum[key]);
  const cells = rowsOf("cells", true).filter(same);
  if (!cells.length) return;
    const lists = cells.map((row) => {
    const list = element("dl");
    for (const [key, value] of Object.entries(row)) {
      if (value === null || value === "") continue;
      list.append(element("dt", key), element("dd", String(value)));
    }
    return list;
  });
  record.querySelector("div").replaceChildren(...lists);
  record.querySelector("h2").textContent = keys.map((key) => datum[key] ?? "").join(" / ");
  if (!record.open) record.showModal();
}

/* Numbers as text: a nan is said, integers are whole, others have five digits. */
function shown(value) {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value ?? "");
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-4 ? value.toExponential(2) : String(+value.toPrecision(5));
}

const csvOf = (rows) => rows.map((row) => row.map((text) =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text).join(",")).join("\n") + "\n";
const LATEX = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "≈": "$\\approx$",
};
const latexOf = (rows) => {
  const lines = rows.map((row) => row.map((text) =>
    text.replace(/[\\~^≈&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`)).join(" & ") + " \\\\");
  const head = ["\\begin{tabular}{" + "l".repeat(rows[0].length) + "}", "\\toprule", lines[0]];
  const end = ["\\bottomrule", "\\end{tabular}", ""];
  return [...head, "\\midrule", ...lines.slice(1), ...end].join("\n");
};

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = button.textContent;
  button.textContent = "copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

/* Numbers by size, texts by their letters; what lacks a value stays last either way. */
function compare(a, b, down) {
  const lacks = (value) => value === null || value === undefined;
  if (lacks(a) || lacks(b)) return lacks(a) - lacks(b);
  const numbers = typeof a === "number" && typeof b === "number";
  const order = numbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -order : order;
}

/* A table with its filter, sorting and copies. */
const orders = new Map();   // name of a table → { column, down, words, all }
function fill(table) {
  const place = document.getElementById(`table-${table.name}`);
  const state = orders.get(table.name) ?? { column: null, down: false, words: "", all: false };
  orders.set(table.name, state);
  let rows = rowsOf(table.data, table.everyModel);
  const all = Object.keys(rows[0] ?? {}).map((key) => [key, key]);
  const columns = table.columns.length ? table.columns : all;
  const used = columns.filter(([key]) => rows.some((row) => row[key] !== null && row[key] !== ""));
  const total = rows.length;
  const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = (row) => used.map(([key]) => shown(row[key]).toLowerCase());
  const has = (row, word) => texts(row).some((text) => text.includes(word));
  rows = rows.filter((row) => words.every((word) => has(row, word)));
  const { column, down } = state;
  if (column) rows.sort((a, b) => compare(a[column], b[column], down));
  const titles = used.map(([, title]) => title);
  const written = (form) => [titles, ...rows.map((row) => used.map(([key]) => form(row[key])))];
  const count = `${total} ${total === 1 ? "row" : "rows"}`;
  place.querySelector("output").textContent =
    rows.length === total ? count : `${rows.length} of ${count}`;
  const head = element("tr");
  for (const [key, title] of used) {
    const cell = element("th", "", { scope: "col" });
    const sorted = state.column === key;
    cell.setAttribute("aria-sort", sorted ? (state.down ? "descending" : "ascending") : "none");
    const sign = sorted ? (state.down ? " ▼" : " ▲") : "";
    const button = element("button", title + sign, { type: "button" });
    button.onclick = () => {
      Object.assign(state, { down: sorted && !state.down, column: key });
      fill(table);
      place.querySelectorAll("th button")[used.findIndex(([name]) => name === key)].focus();
    };
    cell.append(button);
    head.append(cell);
  }
  const body = element("tbody");
  for (const row of state.all ? rows : rows.slice(0, SHOWN_ROWS)) {
    const line = element("tr");
    for (const [index, [key]] of used.entries()) {
      const cell = element("td");
      if (table.records && index === 0) {
        const properties = { type: "button", className: "record", title: "the cell's record" };
        const button = element("button", shown(row[key]), properties);
        button.onclick = () => openRecord(row);
        cell.append(button);
      } else cell.textContent = shown(row[key]);
      if (typeof row[key] === "number") cell.className = "number";
      line.append(cell);
    }
    body.append(line);
  }
  const found = element("table");
  found.append(element("caption", table.title), element("thead"), body);
  found.tHead.append(head);
  place.querySelector(".scroll").replaceChildren(found);
  const more = place.querySelector(".more");
  more.hidden = state.all || rows.length <= SHOWN_ROWS;
  more.textContent = `show all ${rows.length} rows`;
  more.onclick = () => { state.all = true; fill(table); };
  const exact = (value) => String(value ?? "");
  place.querySelector(".csv").onclick = ({ target }) => copy(csvOf(written(exact)), target);
  place.querySelector(".latex").onclick = ({ target }) => copy(latexOf(written(shown)), target);
  place.querySelector("input").oninput = ({ target }) => {
    state.words = target.value;
    fill(table);
  };
}

picker.onchange = () => redraw();
dark.addEventListener("change", () => redraw(false));
document.getElementById("theme").onclick = () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  redraw(false);
};
const record = document.getElementById("record");
record.querySelector("button").onclick = () => record.close();
addEventListener("beforeprint", () => {
  for (const chart of DATA.charts) if (!near.has(chart)) drawLater(chart);
});
for (const table of DATA.tables) fill(table);
for (const { name } of DATA.charts) observer.observe(document.getElementById(`draw-${name}`));
})();
"""
