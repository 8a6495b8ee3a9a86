/* Draws the page's charts from the figures in it, in the colours of the style sheet. */
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const stored = document.getElementById("figures");
  const figures = stored ? JSON.parse(stored.textContent) : { charts: [], templates: [] };
  const NARROW = 480;
  const PATIENCE = 400;
  const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
  let onPaper = false;

  /* The light tokens stand first in the style sheet; paper overrides some of them. */
  function paperColours() {
    const found = {};
    const take = (rule) => {
      if (rule.selectorText === ":root") for (const name of rule.style) found[name] ??= rule.style.getPropertyValue(name).trim();
    };
    const rules = Array.from(document.styleSheets[0].cssRules);
    rules.filter((rule) => rule.media && rule.media.mediaText === "print").forEach((rule) => Array.from(rule.cssRules).forEach(take));
    rules.forEach(take);
    return (name) => found[name];
  }

  function screenColours() {
    const style = getComputedStyle(root);
    return (name) => style.getPropertyValue(name).trim();
  }

  function resolved(part, colour) {
    if (typeof part === "string") {
      const token = /^var\((--\w+)\)$/.exec(part);
      return token ? colour(token[1]) || part : part;
    }
    if (Array.isArray(part)) return part.map((item) => resolved(item, colour));
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, resolved(value, colour)]));
    }
    return part;
  }

  function merged(layout, patch) {
    const result = { ...layout };
    for (const [key, value] of Object.entries(patch || {})) {
      const plain = value && typeof value === "object" && !Array.isArray(value);
      result[key] = plain && result[key] && typeof result[key] === "object" ? merged(result[key], value) : value;
    }
    return result;
  }

  function draw(chart) {
    const box = document.getElementById(chart.box);
    const width = onPaper ? Number(box.dataset.paper) : box.clientWidth;
    if (!width || box.classList.contains("failed")) return;
    const patch = width < NARROW ? chart.narrow : null;
    const height = Math.min((patch && patch.height) || chart.height, Number(box.dataset.highest));
    const colour = onPaper ? paperColours() : screenColours();
    const layout = merged({ ...chart.layout, template: figures.templates[chart.template] }, patch);
    Object.assign(layout, { width, height, autosize: false, dragmode: false });
    box.style.height = onPaper ? "auto" : height + "px";
    box.style.aspectRatio = onPaper ? width + "/" + height : "auto";
    const drawn = Plotly.react(box, resolved(chart.data, colour), resolved(layout, colour), CONFIG);
    Promise.resolve(drawn).catch((error) => giveUp(chart, error));
    for (const svg of all(".main-svg", box)) {
      svg.setAttribute("viewBox", "0 0 " + width + " " + height);
      svg.setAttribute("focusable", "false");
    }
    chart.width = width;
  }

  /* A chart that cannot be drawn leaves its words and its table; the others are drawn all the same. */
  function giveUp(chart, error) {
    const box = document.getElementById(chart.box);
    console.error(chart.box, error);
    if (box) box.classList.add("failed");
    const twin = box && twinOf(box);
    if (twin) twin.open = true;
  }

  function attempt(chart) {
    try {
      draw(chart);
    } catch (error) {
      giveUp(chart, error);
    }
  }

  function twinOf(box) {
    const figure = box.closest("figure");
    return figure.querySelector(".twin") || figure.parentNode.querySelector(".twin");
  }

  function redraw() {
    figures.charts.forEach(attempt);
  }

  /* As many charts as the patience allows before the load event, when printers and mail robots look. */
  function start() {
    const waiting = figures.charts.slice();
    const begun = performance.now();
    for (const chart of waiting) {
      const twin = twinOf(document.getElementById(chart.box));
      if (twin) {
        twin.open = false;
        twin.removeAttribute("data-auto");
      }
    }
    (function next() {
      while (waiting.length && performance.now() - begun < PATIENCE) attempt(waiting.shift());
      if (!waiting.length) {
        root.dataset.charts = "done";
        return;
      }
      attempt(waiting.shift());
      setTimeout(next, 0);
    })();
  }

  start();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => onPaper || redraw());
  addEventListener("beforeprint", () => {
    onPaper = true;
    redraw();
  });
  addEventListener("afterprint", () => {
    onPaper = false;
    redraw();
  });
  const sizes = new ResizeObserver(() => {
    if (onPaper) return;
    cancelAnimationFrame(sizes.frame);
    sizes.frame = requestAnimationFrame(() => {
      figures.charts.filter((chart) => Math.abs(document.getElementById(chart.box).clientWidth - chart.width) > 1).forEach(attempt);
    });
  });
  figures.charts.forEach((chart) => sizes.observe(document.getElementById(chart.box)));

  /* Contents: open beside the text, closed above it; the section being read is marked. */
  const contents = document.querySelector(".contents details");
  if (contents && matchMedia("(min-width: 1021px)").matches) contents.open = true;
  const links = all(".contents a");
  const inView = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) inView[entry.isIntersecting ? "add" : "delete"](entry.target.id);
    const current = links.find((link) => inView.has(link.hash.slice(1)));
    if (!current) return;
    links.forEach((link) => link.removeAttribute("aria-current"));
    current.setAttribute("aria-current", "true");
  }, { rootMargin: "-10% 0px -70% 0px" });
  links.forEach((link) => {
    const section = document.getElementById(link.hash.slice(1));
    if (section) watcher.observe(section);
  });

  /* A cell that a spreadsheet would run as a formula is saved as text; a signed number is none. */
  function csvCell(cell) {
    const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/\u00a0/g, " ");
    const guarded = /^[=+\-@]/.test(text) && !/^[+-]\d[\d,. ]*%?$/.test(text) ? "'" + text : text;
    return '"' + guarded.replace(/"/g, '""') + '"';
  }

  all("[data-csv]").forEach((button) => button.addEventListener("click", () => {
    const rows = all("table.data tr", document.getElementById(button.dataset.csv)).map((row) => all("th, td", row).map(csvCell).join(","));
    const address = URL.createObjectURL(new Blob(["\ufeff" + rows.join("\r\n") + "\r\n"], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = button.dataset.csv + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }));
})();
