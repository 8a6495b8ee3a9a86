/* Draws the page's charts from the figures in it, in the colours of the style sheet, for the scope that is chosen. */
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const stored = document.getElementById("figures");
  let figures = stored ? JSON.parse(stored.textContent) : { charts: [], templates: [] };
  const NARROW = 480;
  const PATIENCE = 400;
  const FACE = '13px "Workbench Sans"';
  const PAPERS = [[188, 280], [193.9, 262.4]]; // mm within the margins of a summary: A4, Letter
  const MM = 96 / 25.4;
  const LOWER = 0.92; // on paper, where two exhibits share a page
  if (figures.locale) Plotly.register({ moduleType: "locale", dictionary: {}, ...figures.locale });
  const locale = (figures.locale || { name: "en-US" }).name;
  const CONFIG = { locale, displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
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

  /* A chart of this size, in these colours. */
  function figureOf(chart, patch, width, height, colour) {
    const layout = merged({ ...chart.layout, template: figures.templates[chart.template] }, patch);
    Object.assign(layout, { width, height, autosize: false, dragmode: false });
    return { data: resolved(chart.data, colour), layout: resolved(layout, colour) };
  }

  /* How a chart fits its box, which gets the room for it. */
  function fitted(chart) {
    const box = document.getElementById(chart.box);
    const width = onPaper ? Number(box.dataset.paper) : box.clientWidth;
    const patch = width < NARROW ? chart.narrow : null;
    const asked = (patch && patch.height) || chart.height * (onPaper ? LOWER : 1);
    const height = Math.min(asked, Number(box.dataset.highest));
    box.style.height = onPaper ? "auto" : height + "px";
    box.style.aspectRatio = onPaper ? width + "/" + height : "auto";
    return { box, width, patch, height };
  }

  function draw(chart) {
    const { box, width, patch, height } = fitted(chart);
    if (!width || box.classList.contains("failed")) return;
    const { data, layout } = figureOf(chart, patch, width, height, onPaper ? paperColours() : screenColours());
    const drawn = Plotly.react(box, data, layout, CONFIG);
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
    const mine = figures;
    const waiting = figures.charts.slice();
    const begun = performance.now();
    delete root.dataset.charts;
    sizes.disconnect();
    for (const chart of waiting) {
      const box = document.getElementById(chart.box);
      if (!box.parentNode.querySelector(".stepper")) stepper(chart);
      const twin = twinOf(box);
      if (twin && twin.hasAttribute("data-auto")) {
        twin.open = false;
        twin.removeAttribute("data-auto");
      }
      fitted(chart);
      sizes.observe(box);
    }
    (function next() {
      if (figures !== mine) return;
      while (waiting.length && performance.now() - begun < PATIENCE) attempt(waiting.shift());
      if (!waiting.length) {
        root.dataset.charts = "done";
        return;
      }
      attempt(waiting.shift());
      setTimeout(next, 0);
    })();
  }

  /* What the pointer shows at each point of a chart, for keys and ears: each text once, with where it stands. */
  function points(chart) {
    const found = new Map();
    chart.data.forEach((trace, curveNumber) => [].concat(trace.hovertext || []).forEach((text, pointNumber) => {
      const said = text.replace(/<br>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
      found.set(said, { curveNumber, pointNumber });
    }));
    return Array.from(found);
  }

  function stepper(chart) {
    const box = document.getElementById(chart.box);
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, step: 1 });
    const say = () => {
      const all = points(chart);
      input.max = all.length - 1;
      const [said, point] = all[input.valueAsNumber];
      input.setAttribute("aria-valuetext", said);
      if (document.activeElement !== input || !box.data) return;
      const { xaxis = "x", yaxis = "y" } = chart.data[point.curveNumber];
      Plotly.Fx.hover(box, [point], xaxis + yaxis);
    };
    input.max = points(chart).length - 1;
    if (Number(input.max) < 0) return;
    input.value = input.max;
    input.setAttribute("aria-label", box.dataset.points);
    input.addEventListener("input", say);
    input.addEventListener("focus", say);
    input.addEventListener("blur", () => box.data && Plotly.Fx.unhover(box));
    say();
    const place = Object.assign(document.createElement("div"), { className: "stepper" });
    place.append(input);
    box.nextElementSibling.after(place);
  }

  /* A summary is one page whatever it says: its type grows or shrinks until that fits on either paper. The rules for
     print are tried on the screen, in between two paints. */
  function fit() {
    const wrap = document.querySelector(".page-summary .wrap");
    if (!wrap) return;
    const rules = Array.from(document.styleSheets[0].cssRules).filter((rule) => rule.media && /^(print|screen)/.test(rule.media.mediaText));
    const said = rules.map((rule) => rule.media.mediaText);
    rules.forEach((rule) => (rule.media.mediaText = rule.media.mediaText === "print" ? "all" : "not all"));
    wrap.style.minHeight = 0;
    const fits = ([width, height]) => {
      wrap.style.width = width * MM + "px";
      return wrap.offsetHeight + 4 <= height * MM;
    };
    for (let percent = 112; percent >= 50; percent -= 2) {
      root.style.setProperty("--fit", percent / 100);
      if (PAPERS.every(fits)) break;
    }
    wrap.style.width = wrap.style.minHeight = "";
    rules.forEach((rule, number) => (rule.media.mediaText = said[number]));
  }

  /* Labels are placed by the width of their letters: once more, should the typeface have come after the charts. */
  const late = !document.fonts.check(FACE);
  if (late) document.fonts.load(FACE).then(redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => onPaper || redraw());
  addEventListener("beforeprint", () => {
    onPaper = true;
    redraw();
    fit();
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

  /* Contents: open beside the text, closed above it; the section being read is marked. */
  const contents = document.querySelector(".contents details");
  if (contents && matchMedia("(min-width: 1021px)").matches) contents.open = true;
  const inView = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) inView[entry.isIntersecting ? "add" : "delete"](entry.target.id);
    const links = all(".contents a");
    const current = links.find((link) => inView.has(addressed(link.hash).at));
    if (!current) return;
    links.forEach((link) => link.removeAttribute("aria-current"));
    current.setAttribute("aria-current", "true");
  }, { rootMargin: "-10% 0px -70% 0px" });

  function watch() {
    watcher.disconnect();
    inView.clear();
    for (const link of all(".contents a")) {
      const section = document.getElementById(addressed(link.hash).at);
      if (section) watcher.observe(section);
    }
  }

  /* What is shown: all, or a scope of which the page holds its own parts, packed. The address keeps the choice. */
  const filter = document.getElementById("filter");
  const PARTS = ["opening", "contents", "body", "terms", "facts"];
  const place = (part) => document.getElementById("shown-" + part);
  const edition = document.querySelector(".edition");
  const running = document.getElementById("running").sheet;
  const whole = { figures, title: document.title, edition: edition.textContent, running: running.cssRules[0].cssText };
  const held = { all: whole };
  let shown = "all";
  let pages = null;

  function addressed(hash) {
    const asked = new URLSearchParams(hash.slice(1));
    return { scope: asked.get("scope") || "all", at: asked.has("scope") ? asked.get("at") || "" : hash.slice(1) };
  }

  function address(scope, at) {
    return "#" + (scope === "all" ? at : new URLSearchParams(at ? { scope, at } : { scope }));
  }

  async function unpacked() {
    const packed = atob(JSON.parse(document.getElementById("choices").textContent));
    const bytes = new Blob([Uint8Array.from(packed, (mark) => mark.charCodeAt(0))]);
    return JSON.parse(await new Response(bytes.stream().pipeThrough(new DecompressionStream("deflate-raw"))).text());
  }

  /* The parts are the page's own markup, written where all of it is; nothing is put together from data here. */
  function partsOf(scope) {
    const number = Array.from(filter.options).findIndex(({ value }) => value === scope) - 1;
    const pieces = (name) => pages[name].map((column) => column[number]).filter((piece) => piece !== null);
    const found = { title: pieces("title")[0], edition: pieces("edition")[0], running: pieces("running")[0] };
    for (const part of PARTS) {
      const template = document.createElement("template");
      template.innerHTML = pieces(part).join("");
      found[part] = Array.from(template.content.childNodes);
    }
    found.figures = { charts: pieces("charts").map((chart) => JSON.parse(chart)), templates: pieces("templates").map((one) => JSON.parse(one)) };
    return found;
  }

  async function show({ scope, at }) {
    const known = scope === "all" || (filter && Array.from(filter.options).some(({ value }) => value === scope));
    const wanted = known ? scope : "all";
    if (wanted !== "all" && !held[wanted]) {
      pages = pages || (await unpacked());
      if (addressed(location.hash).scope !== scope) return;
      held[wanted] = held[wanted] || partsOf(wanted);
    }
    if (wanted !== shown) replace(wanted);
    root.dataset.shown = wanted;
    if (filter) {
      filter.value = wanted;
      const said = document.getElementById("filtered");
      said.textContent = known ? edition.textContent + ". " + document.querySelector("h1").textContent : said.dataset.nothing.replace("{}", () => scope);
    }
    for (const link of all('a[href^="#"]')) link.hash = address(wanted, addressed(link.hash).at);
    const target = at && wanted !== "all" && document.getElementById(at);
    if (target) {
      target.tabIndex = -1;
      target.focus();
      target.scrollIntoView();
    }
  }

  /* The section that is being read stays where it is. */
  function replace(scope) {
    const reading = all(".section").find((section) => section.getBoundingClientRect().bottom > 0);
    const top = reading && reading.getBoundingClientRect().top;
    const next = held[scope];
    for (const part of PARTS) {
      held[shown][part] = held[shown][part] || Array.from(place(part).childNodes);
      place(part).replaceChildren(...next[part]);
    }
    shown = scope;
    figures = next.figures;
    document.title = next.title;
    edition.textContent = next.edition;
    running.deleteRule(0);
    running.insertRule(next.running);
    start();
    watch();
    const again = reading && document.getElementById(reading.id);
    if (again && top < 0) scrollBy({ top: again.getBoundingClientRect().top - top, behavior: "instant" });
  }

  async function open() {
    const asked = addressed(location.hash);
    if (filter && asked.scope !== "all") await show(asked).catch((error) => console.error(error));
    root.classList.remove("choosing");
    if (shown !== "all") return;
    start();
    watch();
  }

  if (filter) {
    filter.addEventListener("change", () => {
      history.pushState(null, "", address(filter.value, ""));
      show(addressed(location.hash));
    });
    addEventListener("hashchange", () => show(addressed(location.hash)));
  }
  open();

  /* Taking along: the record as JSON, a table as CSV, a chart as a picture that says what it is and where it is from. */
  const record = JSON.parse(document.getElementById("report-record").textContent);
  const WIDE = 800; /* px of a picture and, at its sides, of white */
  const SIDE = 24;

  function save(content, type, what) {
    const { report, month, scope } = record.report;
    const of = shown === "all" || what === "numbers.json" ? scope : shown; /* the record is that of all */
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = [report, month, of !== "all" && of, what].filter(Boolean).join("-");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /* A cell that a spreadsheet would run as a formula is saved as text; a signed number is none. */
  function csvCell(cell) {
    const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/\u00a0/g, " ");
    const guarded = /^[=+\-@]/.test(text) && !/^[+-]\d[\d,. ]*%?$/.test(text) ? "'" + text : text;
    return '"' + guarded.replace(/"/g, '""') + '"';
  }

  function csv(exhibit) {
    const rows = all("table.data tr", exhibit).map((row) => all("th, td", row).map(csvCell).join(","));
    return "\ufeff" + rows.join("\r\n") + "\r\n";
  }

  /* Lines of a text that fit, as they are measured in the page's own fonts. */
  function lines(text, font, width) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = font;
    return text.trim().split(/\s+/).reduce((found, word) => {
      const longer = (found[found.length - 1] + " " + word).trim();
      return pen.measureText(longer).width <= width ? [...found.slice(0, -1), longer] : [...found, word];
    }, [""]);
  }

  function xml(text) {
    return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[&<>"]/g, (mark) => "&#" + mark.charCodeAt(0) + ";");
  }

  /* An exhibit's chart on white, under its title and above its source, as an SVG that needs nothing else. */
  async function picture(exhibit) {
    const chart = figures.charts.find(({ box }) => exhibit.contains(document.getElementById(box)));
    const colour = paperColours();
    const said = (selector) => (exhibit.querySelector(selector) || { textContent: "" }).textContent;
    const parts = [];
    let top = SIDE;
    const write = (text, weight, size, family, ink) => {
      const font = `fill="${colour(ink)}" font-family="${xml(colour(family))}" font-size="${size}" font-weight="${weight}"`;
      for (const line of lines(text, `${weight} ${size}px ${colour(family)}`, WIDE - 2 * SIDE)) {
        top += Math.round(size * 1.35);
        parts.push(`<text x="${SIDE}" y="${top}" ${font}>${xml(line)}</text>`);
      }
    };
    write(said("[id^=title-]"), 600, 20, "--serif", "--ink");
    top += 4;
    write(said(".subtitle"), 400, 14, "--sans", "--ink2");
    const { data, layout } = figureOf(chart, null, WIDE - 2 * SIDE, chart.height, colour);
    const size = { width: layout.width, height: layout.height };
    const drawn = await Plotly.toImage({ data, layout, config: CONFIG }, { format: "svg", imageDataOnly: true, ...size });
    parts.push(`<g transform="translate(${SIDE} ${top + SIDE / 2})">${drawn}</g>`);
    top += chart.height + SIDE;
    write(said(".source"), 400, 12, "--sans", "--ink3");
    write(document.title, 400, 12, "--sans", "--ink3");
    top += SIDE;
    const fonts = Array.from(document.styleSheets[0].cssRules).filter((rule) => rule instanceof CSSFontFaceRule);
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDE}" height="${top}" viewBox="0 0 ${WIDE} ${top}" role="img">
<title>${xml(said("[id^=title-]"))}</title><desc>${xml(said("[id^=words-]"))}</desc>
<style>${xml(fonts.map((rule) => rule.cssText).join(""))}</style>
<rect width="${WIDE}" height="${top}" fill="#FFFFFF"/>
${parts.join("\n")}
</svg>
`;
    return { text, height: top };
  }

  async function png(exhibit) {
    const { text, height } = await picture(exhibit);
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * WIDE, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  const SAVED = {
    json: { type: "application/json", of: () => JSON.stringify(record, null, 1) },
    csv: { type: "text/csv", of: csv },
    svg: { type: "image/svg+xml", of: async (exhibit) => (await picture(exhibit)).text },
    png: { type: "image/png", of: png },
  };

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-save]");
    if (!button) return;
    const { save: kind, of } = button.dataset;
    try {
      save(await SAVED[kind].of(document.getElementById(of)), SAVED[kind].type, (of || "numbers") + "." + kind);
    } catch (error) {
      console.error(kind, of, error);
      button.textContent = document.body.dataset.unsaved;
    }
  });
})();
