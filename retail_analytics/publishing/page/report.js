/* Draws the page's charts from the figures in it, in the colours of the style sheet. */
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, inside) => Array.from((inside || document).querySelectorAll(selector));
  const stored = document.getElementById("figures");
  const figures = stored ? JSON.parse(stored.textContent) : { charts: [], templates: [] };
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

  function draw(chart) {
    const box = document.getElementById(chart.box);
    const width = onPaper ? Number(box.dataset.paper) : box.clientWidth;
    if (!width || box.classList.contains("failed")) return;
    const patch = width < NARROW ? chart.narrow : null;
    const asked = (patch && patch.height) || chart.height * (onPaper ? LOWER : 1);
    const height = Math.min(asked, Number(box.dataset.highest));
    box.style.height = onPaper ? "auto" : height + "px";
    box.style.aspectRatio = onPaper ? width + "/" + height : "auto";
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
    const waiting = figures.charts.slice();
    const begun = performance.now();
    for (const chart of waiting) {
      stepper(chart);
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
  start();
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

  /* Taking along: the record as JSON, a table as CSV, a chart as a picture that says what it is and where it is from. */
  const record = JSON.parse(document.getElementById("report-record").textContent);
  const WIDE = 800; /* px of a picture and, at its sides, of white */
  const SIDE = 24;

  function save(content, type, what) {
    const { report, month, scope } = record.report;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type }));
    link.download = [report, month, scope !== "all" && scope, what].filter(Boolean).join("-");
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

  all("[data-save]").forEach((button) => button.addEventListener("click", async () => {
    const { save: kind, of } = button.dataset;
    try {
      save(await SAVED[kind].of(document.getElementById(of)), SAVED[kind].type, (of || "numbers") + "." + kind);
    } catch (error) {
      console.error(kind, of, error);
      button.textContent = document.body.dataset.unsaved;
    }
  }));
})();
