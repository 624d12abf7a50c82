"""The script that a browser gets: what the modules say, less what is for people only."""

import re
import string
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import looking
from sonde.server.pages import MAP, SCRIPT
from sonde.web import WEB, joined
from sonde.web.pieces import Kind, pieces

# What a careless eye takes for a comment, a text or a template's end.
TRICKY = r"""
const texts = ["// no comment", '/* nor this */', "it's", 'a "b"', `${"`"} // ${'}'}`];
const divided = (8 / 2) / 2; /* a comment // within */ const ends = [1, 2][1] / 2 / 1;
const pattern = /[/"'`]\/\*/g.test("/\"*"); // a comment: "don't"
const told = typeof /a}/ === "object" ? `a ${[1, 2].map((n) => `${n / 1} /* ${{ n }.n} */`).join()}
    b` : 0;
export { texts, divided, ends, pattern, told };
"""
RUN = "async (text) => (await import('data:text/javascript,' + encodeURIComponent(text))).default"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Any:
    """A page without a policy, in which scripts can be tried."""
    context = browser.new_context()
    with context.new_page() as page:
        yield page
    context.close()


def modules(folder: Path, **sources: str) -> str:
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return joined(folder, "main.js").text


def ran(page: Page, text: str) -> Any:
    """What a joined script says: the exports of its last module."""
    last = re.findall(r"^const (\$\d+)=", text, re.MULTILINE)[-1]
    return page.evaluate(RUN, f"{text}\nexport default {last};")


def test_only_comments_and_indentation_are_left_behind(tmp_path: Path, page: Page) -> None:
    found = ran(page, modules(tmp_path, main=TRICKY))
    assert found == {
        "texts": ["// no comment", "/* nor this */", "it's", 'a "b"', "` // }"],
        "divided": 2,
        "ends": 1,
        "pattern": False,
        "told": "a 1 /* 1 */,2 /* 2 */\n    b",
    }
    assert "a comment" not in modules(tmp_path, main=TRICKY)


def test_names_of_one_module_do_not_meet_those_of_another(tmp_path: Path, page: Page) -> None:
    text = modules(
        tmp_path,
        a="const own = 1;\nexport const one = own;\nexport default function () { return 7 }",
        b='export { one as first } from "./a.js";\nconst own = 2;\nexport class Two { is = own }',
        main='import seven from "./a.js";\nimport { first as one, Two } from "./b.js";\n'
        "const own = 3;\nexport const all = [seven(), one, new Two().is, own];",
    )  # fmt: skip
    assert ran(page, text) == {"all": [7, 1, 2, 3]}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('const m = await import("./a.js");', "main.js: `import(` is not understood"),
        ('import * as a from "./a.js";', 'main.js: `import * as a from "./a.js";` is not underst'),
        (
            'import { main } from "./a.js";',
            "main.js: it imports itself, by main.js -> a.js -> main",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused_with_its_place(
    tmp_path: Path, source: str, fault: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        modules(tmp_path, a='import { x } from "./main.js";', main=source)


def test_the_pieces_of_every_module_make_it_up() -> None:
    for path in WEB.rglob("*.js"):
        source = path.read_text(encoding="utf-8")
        found = list(pieces(source))
        assert "".join(text for _, text in found) == source
        # Each of our modules begins by saying what it is.
        assert path.parent.name == "vendor" or found[0][0] is Kind.COMMENT


def test_each_line_of_the_script_is_known_by_its_module_and_line(real_url: str) -> None:
    script = httpx.get(f"{real_url}/web/{SCRIPT}", timeout=60).text.splitlines()
    assert script[-1] == f"//# sourceMappingURL={MAP}"
    about = httpx.get(f"{real_url}/web/{MAP}", timeout=60).json()
    assert sorted(about["sources"]) == sorted(
        path.relative_to(WEB).as_posix()
        for path in WEB.rglob("*.js")
        if path.parent.name != "figures"  # which are pages of their own
    ), "every module is of use"
    sources = [(WEB / name).read_text(encoding="utf-8").splitlines() for name in about["sources"]]
    place = number = checked = 0
    for line, mapping in zip(script, about["mappings"].split(";"), strict=False):
        column, to_place, to_line, to_column = numbers(mapping)
        place, number = place + to_place, number + to_line
        assert column == to_column == 0
        # What the joining itself wrote stands at the ends of modules; imports look different.
        if not line.startswith(("const $", "return{", "const{")):
            own = re.sub(r"/\*.*?\*/|\s", "", sources[place][number])
            assert re.sub(r"\s|^export", "", line) in own, line
            checked += 1
    assert checked > 3000


def numbers(mapping: str) -> list[int]:
    """Read an entry of a source map, as its format is described (base64 VLQ)."""
    found, value, shift = [], 0, 0
    for letter in mapping:
        digit = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").index(
            letter
        )
        value += (digit % 32) * 2**shift
        shift += 5
        if digit < 32:
            found.append(-(value // 2) if value % 2 else value // 2)
            value = shift = 0
    return found


def test_all_of_the_dashboard_is_80_kb_compressed(real_url: str) -> None:
    sent = httpx.get(f"{real_url}/web/{SCRIPT}", headers={"accept-encoding": "gzip"}, timeout=60)
    assert int(sent.headers["content-length"]) <= 80_000


def test_a_page_asks_for_one_script(browser: Browser, real_url: str) -> None:
    with looking(browser, real_url) as page:
        page.goto("/")
        expect(page.get_by_role("table").first).to_be_visible()
        every = page.evaluate("() => performance.getEntriesByType('resource').map((e) => e.name)")
        assert [one for one in every if one.endswith(".js")] == [f"{real_url}/web/{SCRIPT}"]
