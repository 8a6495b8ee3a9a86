/* Runs after report.js, on a page whose colours are numbers: what is drawn there, as SVG text, at the page's own width and
   at a phone's. It stands in the page afterwards, to be read when the page has loaded. */
(function () {
  "use strict";
  const PHONE = 340;
  const boxes = Array.from(document.querySelectorAll(".plot"));
  const drawn = Object.fromEntries(boxes.map((box) => [box.id, []]));
  for (const width of [null, PHONE]) {
    const wanted = boxes.filter((box) => width === null || box.clientWidth > 480);
    for (const box of wanted) if (width) box.style.width = width + "px";
    boxes.forEach((box) => Plotly.purge(box));
    dispatchEvent(new Event("afterprint")); /* draws all charts at once, for the screen */
    for (const box of wanted.filter((one) => !one.classList.contains("failed"))) {
      drawn[box.id].push({ width: box.clientWidth, height: box.clientHeight, svg: Plotly.Snapshot.toSVG(box, "svg") });
    }
  }
  const told = document.createElement("script");
  told.type = "application/json";
  told.id = "drawn";
  told.textContent = JSON.stringify(drawn).replace(/</g, "\\u003c");
  document.body.append(told);
})();
