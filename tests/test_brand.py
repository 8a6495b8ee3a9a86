"""A retailer's brand on its pages: what brand.yaml may say, what it makes of a page, and when pages become due."""

import base64
import re

import pytest
from nbformat.v4 import new_notebook

from retail_analytics.errors import SourceError
from retail_analytics.publishing import page, parameters, proof
from retail_analytics.publishing.assets import FOLDER
from retail_analytics.publishing.brand import PLAIN, brand_of
from retail_analytics.publishing.run import publish

ABOUT = {"title": "Theft trends", "organisation": "Example Grocers", "report": "theft_trends", "month": "2026-10", "scope": "all"}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script><path d="M0 0h9v9H0z"/></svg>'
GREEN = 'colours: {light: "#0B5D3B", dark: "#7FD1AE"}'


@pytest.fixture
def branded(tmp_path):
    """Writes brand.yaml with the files beside it, and gives the brand."""

    def write(text: str):
        (tmp_path / "brand.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "logo.svg").write_text(LOGO, encoding="utf-8")
        (tmp_path / "logo.png").write_text("no picture")
        (tmp_path / "large.svg").write_text("<svg" + " " * 50_000)
        (tmp_path / "corner.woff2").write_bytes((FOLDER / "fonts" / "workbench-sans.woff2").read_bytes())
        return brand_of(tmp_path)

    return write


def test_a_brand_gives_name_logo_colours_and_typefaces_to_a_page(branded, browser, tmp_path):
    brand = branded(f"name: Corner & Co\nlogo: logo.svg\n{GREEN}\nfonts: {{serif: corner.woff2}}")
    notebook = new_notebook()
    text = page.html(notebook, about=ABOUT, brand=brand)
    assert proof.faults(text, notebook) == []
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    window = browser.new_page()
    said = []
    window.on("console", lambda message: said.append(message.text))
    window.on("dialog", lambda dialog: said.append(dialog.message))
    window.goto((tmp_path / "page.html").as_uri())
    assert window.locator(".brand").inner_text().startswith("Corner & Co")
    assert window.eval_on_selector(".logo", "logo => [logo.naturalWidth > 0, logo.height]") == [True, 28]
    assert window.eval_on_selector(".masthead", "one => getComputedStyle(one).borderTopColor") == "rgb(11, 93, 59)"
    window.emulate_media(color_scheme="dark")
    assert window.eval_on_selector(".masthead", "one => getComputedStyle(one).borderTopColor") == "rgb(127, 209, 174)"
    window.close()
    assert said == []
    faces = dict(re.findall(r'font-family: "([^"]+)"; .*?base64,([^)]+)\)', text))
    assert base64.b64decode(faces["Workbench Serif"]) == base64.b64decode(faces["Workbench Sans"])


def test_without_a_brand_file_pages_are_plain(tmp_path):
    assert brand_of(tmp_path) == PLAIN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colors: {}", "unknown key 'colors'. Did you mean 'colours'?"),
        ("Corner Shops", "expected lines like 'name: Corner Shops'"),
        ('colours: {light: "#F96302"}', "light #F96302 has a contrast of 2.9 on the light page (#FBF9F4), expected at least 4.5. Choose a darker one."),
        ('colours: {dark: "#00539F"}', "on the dark page (#11181E), expected at least 4.5. Choose a lighter one."),
        ("colours:\n  light: #0B5D3B", "light is None, expected a colour in quotes, like \"#0B5D3B\"."),
        ("colours: {light: green}", "light is 'green', expected a colour in quotes"),
        ("colours: {print: red}", "unknown key 'print'"),
        ("colours: red", "colours are two, of light and dark"),
        ("logo: logo.gif", "logo.gif is not a file of the kind .svg or .png"),
        ("logo: other.svg", "there is no file"),
        ("logo: logo.png", "logo.png does not hold what its name says"),
        ("logo: large.svg", "large.svg has 50,004 bytes, expected at most 50,000"),
        ("fonts: {sans: logo.svg}", "logo.svg is not a file of the kind .woff2"),
        ("fonts: {mono: corner.woff2}", "unknown key 'mono'"),
        ("name: [", "brand.yaml is not YAML: row 1"),
    ],
)  # fmt: skip
def test_what_a_brand_may_not_say_is_one_sentence(branded, text, said):
    with pytest.raises(SourceError, match=re.escape(said)):
        branded(text)


def test_a_changed_brand_makes_pages_due(given, notebooks, branded, tmp_path):
    shop = given(stores="store_id | region\n0001 | North", incidents="incident_id | kind | occurred_on\na | theft | 2049-12-03")
    notebooks("weekly", "1")

    def why():
        parameters.report.cache_clear()
        run = publish("weekly", warehouse=shop.path.parent, reports_dir=tmp_path)
        return run.end, run.inputs["brand"]

    assert why() == ("published", "")
    first = branded(f"logo: logo.svg\n{GREEN}")
    assert why() == ("published", first.key)
    assert why() == ("unchanged", first.key)
    assert "#0B5D3B" in (tmp_path / "warehouse" / "weekly" / "2049-12.html").read_text(encoding="utf-8")
    (tmp_path / "logo.svg").write_text(LOGO.replace("9", "8"))
    second = brand_of(tmp_path)
    assert why() == ("published", second.key) and second != first
