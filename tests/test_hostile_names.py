"""Hostile names through the whole door: loaded from files, published by the real runner, opened by a browser: text."""

import csv
from datetime import date
from pathlib import Path

import pytest

from retail_analytics.errors import SourceError
from retail_analytics.publishing import numbers
from retail_analytics.publishing.run import publish
from retail_analytics.sample import write
from retail_analytics.sources.plan import read_plan, source_file
from retail_analytics.warehouse import load, open_warehouse

RUN = "window.ran=1"
NAMES = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<a href='javascript:{RUN}'>Shop</a>",
    f'" onmouseover="{RUN}" x="',
    f"' autofocus onfocus='{RUN}",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "<!-- Shop",
    "--> Shop <!--",
    "<![CDATA[ Shop ]]>",
    "<base href='https://example.invalid/'>",
    "<link rel=stylesheet href=https://example.invalid/a.css>",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=https://example.invalid'>",
    "<form action=https://example.invalid><input name=a>",
    "{{ 7 * 7 }}",
    "{% raw %}{{ cycler.__init__ }}{% endraw %}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "&lt;b&gt;Shop&lt;/b&gt; &amp; &#x3C;script&#x3E;",
    "<b>Bold</b><i>x</i><br>two lines<sup>2</sup>",
    '<span style="font-size:99px;color:red">Shop</span>',
    '=HYPERLINK("https://example.invalid","Shop")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1+1)",
    "\u202eppohS\u202c \u2066Shop\u2069",
    "Shop\u200b\u200d\ufeff\u00ad\u2028Shop\u2029Shop",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\U0001f6d2 Shop",
    "S\u0335\u0336h\u0337\u0338o\u0327\u0328p" + "\u0301" * 60,
    "X" * 10_000,
    "Shop \x07\x1b[31m\x7f\x85 Shop",
    "\\ud800 \\u0000 %00 \\x3cscript\\x3e",
    "Risk soared by 50 % due to theft, caused $1,234,567.89",
]
REPORTS = ("executive_summary", "iot_growth", "theft_trends", "security_readiness")


def renamed(path: Path, *columns: str) -> None:
    """Each name in the columns of an export becomes a hostile one, the same for the same name."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    for column in columns:
        at = head.index(column)
        known = {name: NAMES[n % len(NAMES)] for n, name in enumerate(dict.fromkeys(row[at] for row in rows))}
        for row in rows:
            row[at] = known[row[at]]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Forty stores of another retailer, nothing of which is called by an honest name; and what was published of it."""
    folder = tmp_path_factory.mktemp("hostile")
    exports = write(folder, stores=len(NAMES), years=2, seed=11)
    renamed(exports / "stores.csv", "store_name", "region", "store_format")
    renamed(exports / "runzero_assets.csv", "names", "newest_mac_vendor", "hw", "os")
    renamed(exports / "servicenow_cmdb.csv", "name", "manufacturer", "model_id", "sys_class_name", "os")
    renamed(exports / "uplinks.csv", "link_type")
    renamed(exports / "annotations.csv", "text")
    renamed(exports / "tolerances.csv", "owner")
    title, files = read_plan(exports)
    load(folder / "warehouse", files, title=NAMES[0])
    shop = open_warehouse(folder / "warehouse")
    worst = next(name for name, store in shop.stores.items() if "X" * 200 in store.label)
    asked = [*((report, "all") for report in REPORTS), ("theft_trends", worst)]
    runs = [
        publish(report, {"scope": scope, "months": 24}, warehouse=folder / "warehouse", reports_dir=folder / "shelf")
        for report, scope in asked
    ]
    assert [(run.end, run.reason) for run in runs] == [("published", None)] * len(asked)
    return shop, [folder / "shelf" / run.page for run in runs]


def test_every_hostile_name_is_loaded_as_it_is(hostile):
    shop, _ = hostile
    held = [store.label for store in shop.stores.values()]
    assert [name for name in NAMES if not any(label.endswith(name.strip()) for label in held)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"S\x00hop", "zero byte"), ("S\ud800hop".encode(errors="surrogatepass"), "UTF-8")],
)
def test_what_is_no_text_is_refused_at_the_door_in_one_sentence(tmp_path, text, said):
    (tmp_path / "stores.csv").write_bytes(b"store_id,store_name,region\n1," + text + b",North\n")
    file = source_file(tmp_path / "stores.csv", mapping="own", table="stores", known_on=date(2026, 1, 1))
    with pytest.raises(SourceError, match=said):
        load(tmp_path / "warehouse", [file], title="Toy")


@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_runs_nothing_is_asked_for_and_the_layout_holds(hostile, browser, width):
    _, pages = hostile
    for path in pages:
        wrong = opened(path, browser, width)
        assert wrong == [], path


def opened(path: Path, browser, width: int) -> list[str]:
    """What goes wrong when a page is opened, everything in it unfolded and every chart stepped into."""
    context, wrong = browser.new_context(viewport={"width": width, "height": 900}), []
    window = context.new_page()
    window.on("request", lambda request: request.url == path.as_uri() or wrong.append(request.url[:80]))
    window.on("console", lambda message: wrong.append(message.text))
    window.on("pageerror", lambda error: wrong.append(str(error)))
    window.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    window.goto(path.as_uri())
    window.wait_for_selector("html[data-charts=done]", state="attached")
    window.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    for stepper in window.locator(".stepper input").all():
        stepper.focus()
    if window.evaluate("window.ran") is not None:
        wrong.append("a name was run")
    if (wide := window.evaluate("document.documentElement.scrollWidth")) != width:
        wrong.append(f"it scrolls sideways: {wide}")
    if window.locator("main img, iframe, form, base, main a[href*='script']").count():
        wrong.append("a name became an element")
    context.close()
    return wrong


def test_the_names_stand_on_the_pages_as_text(hostile, browser):
    shop, pages = hostile
    window = browser.new_page()
    window.goto(pages[2].as_uri())
    shown = {*window.locator("table.data tbody th, table.data tbody td").all_text_contents()}
    labels = {store.label.replace("\x00", "\ufffd") for store in shop.stores.values()}
    seen = {label for label in labels if label in shown or label.replace(" %", "\u00a0%") in shown}
    assert len(seen) >= len(labels) - 3, labels - seen
    told = numbers.read(pages[2])
    assert "49" not in told["report"]["organisation"] and told["report"]["organisation"] == NAMES[0]
    window.close()
