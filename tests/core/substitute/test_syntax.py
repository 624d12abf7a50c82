"""Values put in by the rules of Python."""

import re
import textwrap
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sonde.core.distributions import Value
from sonde.core.substitute import Substitution, by_syntax, candidates, missing
from sonde.errors import ConfigError, ConfigErrors


def text(source: str, **values: Value) -> str:
    return by_syntax(source, values).text


def how(source: str, name: str = "lr") -> set[str]:
    return {place.how for place in by_syntax(source, {name: 0.5}).places}


# Reads

READS = [
    # a line below `lr = 0.01`, and what becomes of it with lr = 0.5
    ("print(lr)", "print(0.5)"),
    ("SGD(lr=lr, momentum=0.9)", "SGD(lr=0.5, momentum=0.9)"),
    ("print(lr, end='')  # lr = lr", "print(0.5, end='')  # lr = lr"),
    ("def f(x=lr): return x * lr", "def f(x=0.5): return x * 0.5"),
    ("def f():\n    global lr\n    return lr", "def f():\n    global lr\n    return 0.5"),
    ("class C:\n    x = lr", "class C:\n    x = 0.5"),
    ("f = lambda x: lr + x", "f = lambda x: 0.5 + x"),
    ("[x * lr for x in y if x > lr]", "[x * 0.5 for x in y if x > 0.5]"),
    ("a[lr]; {lr: lr}; (lr,)", "a[0.5]; {0.5: 0.5}; (0.5,)"),
    ("x = (lr\n     + 1)", "x = (0.5\n     + 1)"),
    ("lr.real", "(0.5).real"),
    ("assert lr, lr", "assert 0.5, 0.5"),
    ("if lr: x = 1 if lr else 2", "if 0.5: x = 1 if 0.5 else 2"),
    ("x[lr] = lr; x.y = lr; x += lr", "x[0.5] = 0.5; x.y = 0.5; x += 0.5"),
    ("[lr for x in lr]", "[0.5 for x in 0.5]"),
    ("[lr for lr in (lr,)]", "[lr for lr in (0.5,)]"),
    ("@f(lr)\ndef g(y: lr) -> lr: pass", "@f(0.5)\ndef g(y: 0.5) -> 0.5: pass"),
    ("match lr:\n    case 1 if lr: lr", "match 0.5:\n    case 1 if 0.5: 0.5"),
]

UNTOUCHED = [
    "'lr'",
    "args.lr",
    "f(lr=1)",
    "d['lr']",
    "lr_decay; LR; xlr",
    "# lr",
    "def f(lr): return lr",
    "def f(*lr): return lr",
    "def f(*, lr=1): return lr",
    "def f():\n    lr = 3\n    return lr",
    "def f():\n    lr: int\n    return lr",
    "def f():\n    for lr in x: lr",
    "def f():\n    import lr\n    return lr",
    "def f():\n    lr = 3\n    def g(): return lr",
    "def f():\n    lr = 3\n    def g():\n        nonlocal lr\n        lr = lr + 1",
    "def f():\n    with x as lr: lr",
    "def f():\n    try: x\n    except E as lr: lr",
    "def f():\n    match x:\n        case lr: lr",
    "def f():\n    match x:\n        case {'a': 1, **lr}: lr\n        case [*lr]: lr",
    "lambda lr: lr",
    "[lr for lr in x]",
    "{lr: 1 for lr in x}; {lr for lr in x}; list(lr for lr in x)",
    "[lr for x in y for lr in x]",
    "class C:\n    def f(self, lr): return lr",
    "import torch.lr; from x import y as z",
]


@pytest.mark.parametrize(("line", "expected"), READS)
def test_a_read_of_the_bare_name_becomes_the_value(line: str, expected: str) -> None:
    assert text(f"lr = 0.01\n{line}\n", lr=0.5) == f"lr = 0.01\n{expected}\n"


@pytest.mark.parametrize("line", UNTOUCHED)
def test_whatever_only_looks_like_the_name_is_left_alone(line: str) -> None:
    source = f"lr = 0.01\nprint(lr)\n{line}\n"
    assert text(source, lr=0.5) == f"lr = 0.01\nprint(0.5)\n{line}\n"


@pytest.mark.parametrize(
    "assignment",
    [
        "lr = 0.01",
        "lr: float = 0.01",
        "lr, bs = 0.1, 32",
        "(bs, [lr, n]) = f()",
        "bs = lr = 0.1",
        "*lr, n = f()",
        "if x: lr = 0.1",
        "try: lr = 0.1\nexcept E: pass",
    ],
)
def test_every_kind_of_assignment_binds_a_parameter(assignment: str) -> None:
    assert text(f"{assignment}\nuse(lr)\n", lr=0.5) == f"{assignment}\nuse(0.5)\n"


def test_a_name_of_a_function_is_replaced_in_that_function() -> None:
    source = "def main():\n    lr = 0.01\n    use(lr)\nuse(lr)\n"
    assert text(source, lr=0.5) == source.replace("    use(lr)", "    use(0.5)")


def test_of_functions_the_one_that_sets_a_plain_literal_is_meant() -> None:
    source = (
        "def schedule(epoch):\n    lr = 0.1 * 0.9**epoch\n    return lr\n"
        "def main():\n    lr = 0.01\n    use(lr)\n"
    )
    assert text(source, lr=0.5) == source.replace("use(lr)", "use(0.5)")


def test_a_nested_functions_own_name_is_another_variable() -> None:
    source = "def main():\n    lr = 1\n    def f():\n        lr = 2\n        use(lr)\n    go(lr)\n"
    assert text(source, lr=5) == source.replace("go(lr)", "go(5)")


def test_the_modules_name_comes_before_a_functions() -> None:
    source = "lr = 0.01\nuse(lr)\ndef f():\n    lr = 0.2\n    use(lr)\n"
    assert text(source, lr=0.5) == source.replace("\nuse(lr)\ndef", "\nuse(0.5)\ndef")


def test_a_class_attribute_gets_the_value_where_nothing_else_has_the_name() -> None:
    source = "class Config:\n    lr: float = 0.01\nuse(Config.lr)\n"
    assert text(source, lr=0.5) == source.replace("0.01", "0.5")


# Values


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lr**2", "(-0.5)**2"),
        ("x**lr", "x**(-0.5)"),
        ("-lr", "-(-0.5)"),
        ("x-lr", "x-(-0.5)"),
        ("lr.real", "(-0.5).real"),
        ("f(lr, k=lr)[lr]", "f(-0.5, k=-0.5)[-0.5]"),
    ],
)
def test_a_negative_number_keeps_its_precedence(line: str, expected: str) -> None:
    assert text(f"lr = 1\n{line}\n", lr=-0.5) == f"lr = 1\n{expected}\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e-5, "1e-05"),
        (8, "8"),
        (True, "True"),
        (None, "None"),
        ("it's", '"it\'s"'),
        ("a\nb", "'a\\nb'"),
        (float("inf"), "float('inf')"),
        (float("-inf"), "float('-inf')"),
        (float("nan"), "float('nan')"),
    ],
)
def test_values_are_python_literals(value: Value, written: str) -> None:
    assert text("lr = 1\nuse(lr)\n", lr=value) == f"lr = 1\nuse({written})\n"


def test_letters_that_a_coding_cookie_may_not_know_are_escaped() -> None:
    cookie = "# -*- coding: latin-1 -*-\nopt = 1\nuse(opt)\n"
    assert "use('\\u03bb')" in text(cookie, opt="λ")
    assert "use('λ')" in text(cookie.replace("latin-1", "utf-8"), opt="λ")


# The assignment instead

ASSIGNMENTS = [
    # the whole script, and with lr = 0.5
    ("lr = 0.01\nfor e in x:\n    lr *= 0.95\n", "lr = 0.5\nfor e in x:\n    lr *= 0.95\n"),
    ("lr = 0.01\nlr = lr / 10\n", "lr = 0.5\nlr = lr / 10\n"),
    ("lr = 0.01\nprint(f'{lr}')\n", "lr = 0.5\nprint(f'{lr}')\n"),
    ("lr = 0.01\nprint(f'{1:{lr}}', lr)\n", "lr = 0.5\nprint(f'{1:{lr}}', lr)\n"),
    ("lr = 0.01\neval('lr')\n", "lr = 0.5\neval('lr')\n"),
    ("lr = 0.01\nglobals()['lr']\n", "lr = 0.5\nglobals()['lr']\n"),
    ("lr = 0.01\n'%(lr)s' % vars()\n", "lr = 0.5\n'%(lr)s' % vars()\n"),
    ("lr = 0.01\nimport __main__\nlr\n", "lr = 0.5\nimport __main__\nlr\n"),
    ("lr = 0.01\ndel lr\n", "lr = 0.5\ndel lr\n"),
    ("lr = 0.01\nlr is None\n", "lr = 0.5\nlr is None\n"),
    ("lr = 0.01\nlr()\n", "lr = 0.5\nlr()\n"),
    ("lr = 0.01\nlr[0]\n", "lr = 0.5\nlr[0]\n"),
    ("for i in x:\n    if i: lr\n    lr = 1\n", "for i in x:\n    if i: lr\n    lr = 0.5\n"),
    ("lr = 1\nclass C: lr = lr\n", "lr = 0.5\nclass C: lr = lr\n"),
    ("lr = 1\nmatch x:\n    case lr.y: 0\n", "lr = 0.5\nmatch x:\n    case lr.y: 0\n"),
    ("lr, n = 1, (2, 3)\nlr += 1\n", "lr, n = 0.5, (2, 3)\nlr += 1\n"),
    ("(n, (lr, m)) = 1, (2, 3)\nlr += 1\n", "(n, (lr, m)) = 1, (0.5, 3)\nlr += 1\n"),
    ("lr = (1)  # one\nlr += 1\n", "lr = (0.5)  # one\nlr += 1\n"),
    ("lr = f()  # f\nlr += 1\n", "lr = f(); lr = 0.5  # f\nlr += 1\n"),
    ("if x: lr, n = f()\nlr += 1\n", "if x: lr, n = f(); lr = 0.5\nlr += 1\n"),
    ("a = lr = 1; b = 2\nlr += 1\n", "a = lr = 1; lr = 0.5; b = 2\nlr += 1\n"),
    ("if (lr := 1) > 2: lr\n", "if (lr := 0.5) > 2: lr\n"),
    ("if (lr := f()) > 2: lr\n", "if (lr := (f(), 0.5)[1]) > 2: lr\n"),
    (
        "def f():\n    global lr\n    lr = 1\ndef g(): return lr\n",
        "def f():\n    global lr\n    lr = 0.5\ndef g(): return lr\n",
    ),
    (
        "lr = 1\ndef f():\n    global lr\n    lr = 2\n",
        "lr = 0.5\ndef f():\n    global lr\n    lr = 2\n",
    ),
]


@pytest.mark.parametrize(("source", "expected"), ASSIGNMENTS)
def test_the_assignment_gets_the_value_where_reads_could_change_the_meaning(
    source: str, expected: str
) -> None:
    assert text(source, lr=0.5) == expected
    assert how(source) == {"assignment"}


def test_a_name_of_a_builtin_is_set_where_it_is_assigned() -> None:
    source = "print(max(1, 2))\nmax = 3\nprint(max)\n"
    assert text(source, max=5) == source.replace("max = 3", "max = 5")


def test_models_that_are_put_into_eval_mode_look_into_no_namespace() -> None:
    assert how("lr = 1\nmodel.eval()\nvars(args)\nuse(lr)\n") == {"read"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "if fast:\n    lr = 1\nelif slow:\n    lr = 2\nelse:\n    lr = 3\nlr = lr / 2\n",
            "if fast:\n    lr = 5\nelif slow:\n    lr = 5\nelse:\n    lr = 5\nlr = lr / 2\n",
        ),
        ("if fast: lr = 1\nlr = 2\nlr = 3\n", "if fast: lr = 5\nlr = 5\nlr = 3\n"),
        ("lr = 1\nif fast: lr = 2\n", "lr = 5\nif fast: lr = 2\n"),
        (
            "try:\n    lr = 1\nexcept E:\n    lr = 2\nlr = 3\n",
            "try:\n    lr = 5\nexcept E:\n    lr = 5\nlr = 3\n",
        ),
        (
            "if bad:\n    raise E\nelse:\n    lr = 1\nlr = 2\n",
            "if bad:\n    raise E\nelse:\n    lr = 5\nlr = 2\n",
        ),
        (
            "match x:\n    case 1: lr = 1\n    case _: lr = 2\nlr = 3\n",
            "match x:\n    case 1: lr = 5\n    case _: lr = 5\nlr = 3\n",
        ),
        (
            "for i in x:\n    if i == 0:\n        lr = 1\n    elif i == 9:\n        lr = 2\n",
            "for i in x:\n    if i == 0:\n        lr = 5\n    elif i == 9:\n        lr = 2\n",
        ),
        ("with x:\n    lr = 1\nlr = 2\n", "with x:\n    lr = 5\nlr = 2\n"),
    ],
)
def test_the_first_assignment_of_every_branch_gets_the_value_and_schedules_stay(
    source: str, expected: str
) -> None:
    assert text(source, lr=5) == expected


def test_a_learning_rate_schedule_starts_from_the_value() -> None:
    source = "lr = 0.01\nout = []\nfor epoch in range(3):\n    out.append(lr)\n    lr *= 0.5\n"
    names: dict[str, Any] = {}
    exec(text(source, lr=8.0), names)
    assert names["out"] == [8.0, 4.0, 2.0]


# The rest of the text


def test_bytes_outside_the_places_stay_as_they_are() -> None:
    source = "\ufeff# -*- coding: utf-8 -*-\r\nlr\t=  1 ;größe = 'ä𝔘'; use( lr,größe )\r\n\f\rlr"
    assert text(source, lr=2, größe="x") == source.replace("lr,größe", "2,'x'").replace(
        "\rlr", "\r2"
    )


def test_an_identifier_in_another_unicode_form_is_the_same_name() -> None:
    assert text("ﬁ = 1\nuse(ﬁ)\n", fi=2) == "ﬁ = 1\nuse(2)\n"


def test_a_place_counts_lines_and_characters_from_one() -> None:
    (place,) = by_syntax("lr = 1\r\n'ä𝔘', lr\r\n", {"lr": 2}).places
    assert (place.line, place.column, place.how) == (2, 7, "read")
    assert (place.before, place.after) == ("lr", "2")


def test_the_diff_is_a_unified_one() -> None:
    done = by_syntax("lr = 1\nuse(lr)", {"lr": 2})
    assert done.unified_diff("train.py") == (
        "--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n lr = 1\n"
        "-use(lr)\n\\ No newline at end of file\n+use(2)\n\\ No newline at end of file\n"
    )


def test_several_names_are_put_in_at_once() -> None:
    source = "lr = 1\nbs = 2\nuse(lr, bs)\n"
    assert text(source, lr="bs", bs=7) == "lr = 1\nbs = 2\nuse('bs', 7)\n"


# Errors


def test_a_script_that_is_not_python_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError) as refusal:
        by_syntax("lr = 1\nprint lr\n", {"lr": 2}, script="train.py")
    assert refusal.value.where == "train.py, line 2, column 1"
    assert "--substitute regex" in refusal.value.remedy
    for source in ("lr = 1\0", "(" * 5000):
        with pytest.raises(ConfigError, match="--substitute regex"):
            by_syntax(source, {"lr": 2})


def test_a_script_too_deep_to_walk_is_refused() -> None:
    with pytest.raises(ConfigError, match="too deeply nested"):
        by_syntax("lr = " + "+".join("1" * 2000), {"lr": 2})


def test_warnings_about_the_scripts_style_are_left_to_its_run() -> None:
    assert text("lr = '\\d'\nuse(lr)\n", lr=1).endswith("use(1)\n")


def test_the_error_for_a_name_without_a_place_lists_those_that_are_assigned() -> None:
    source = "lr = 0.01\nepochs = 5\nuse(lr, epochs)\n"
    done = by_syntax(source, {"no_layers": 3, "epoch": 3, "lr": 1}, script="train.py")
    assert done.missed == ("no_layers", "epoch")
    error = missing(done, ["no_layers"], candidates(source), script="train.py")
    assert str(error) == (
        "--hyperparam no_layers: no_layers occurs nowhere in train.py; "
        "pass it as an option: train.py --no_layers={no_layers} "
        "(names assigned there: lr = 0.01, epochs = 5)"
    )
    both = missing(done, done.missed, candidates(source), script="train.py", flag="-hp")
    assert isinstance(both, ConfigErrors)
    assert both.faults[1].remedy == (
        "did you mean epochs? Or pass it as an option: train.py --epoch={epoch} "
        "(names assigned there: lr = 0.01, epochs = 5)"
    )


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("lr = 1\n", "lr is assigned in t.py (line 1), but nothing reads it"),
        ("def f(lr=1): return lr\n", "lr is a function's parameter in t.py (line 1)"),
        ("print(lr)\n", "lr is read in t.py, but not assigned there"),
        ("for lr in x: lr\n", "lr is no plain variable in t.py: see line 1"),
    ],
)
def test_the_error_says_what_there_is_of_a_name_without_a_place(source: str, found: str) -> None:
    done = by_syntax(source, {"lr": 2}, script="t.py")
    assert done.text == source
    assert missing(done, ["lr"], candidates(source), script="t.py").found == found


def test_candidates_are_the_assigned_names_with_their_values() -> None:
    source = (
        "import x\nlr, bs = 0.1, 32\nn: int = 5\na = b = 3\nc, d = f(1,\n  2)\n"
        "def main():\n    depth = 4\n    lr = 9\nfor i in x: pass\nlong = '" + "x" * 99 + "'\n"
    )
    assert candidates(source) == {
        "lr": "0.1",
        "bs": "32",
        "n": "5",
        "a": "3",
        "b": "3",
        "c": "f(1, 2)",
        "d": "f(1, 2)",
        "long": "'" + "x" * 36 + "...",
        "depth": "4",
    }


def test_candidates_of_a_shell_script_are_its_variables() -> None:
    source = "#!/bin/sh\nLR=0.1\nexport EPOCHS=3\nif [ $x == 3 ]; then echo; fi\n"
    assert candidates(source) == {"LR": "0.1", "EPOCHS": "3"}


# Laws

literals = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
)


@given(literals, st.sampled_from(["(lr)", "(k=lr)", "[lr]", "-x + lr", "lr\n", "x == lr"]))
def test_the_script_gets_exactly_the_value(value: Value, shape: str) -> None:
    source = "lr = 0.01\ngot = [lr]\n" + ("use" + shape if shape[0] in "([" else shape)
    names: dict[str, Any] = {"use": dict, "x": 0}
    done = by_syntax(source, {"lr": value})
    compile(done.text, "script", "exec")
    exec("\n".join(done.text.split("\n")[:2]), names)
    assert names["got"] == [value]
    assert type(names["got"][0]) is type(value)


SNIPPETS = [
    "out.append(lr)",
    "out.append(-lr ** 2)",
    "out.append(f'{lr:.3f} {lr=}')",
    "out.append([lr for _ in range(2)])",
    "out.append([lr for lr in (1, 2)])",
    "out.append([n * lr for n in (1, 2) if lr])",
    "out.append((lambda lr: lr)(3))",
    "out.append((lambda k=lr: k + lr)())",
    "out.append(dict(lr=lr)['lr'])",
    "out.append(lr.real)",
    "out.append('lr')",
    "out.append(vars().get('lr'))",
    "lr *= 0.5",
    "lr = lr + 1",
    "lr = 7",
    "lr, other = 1, lr",
    "if len(out) % 2: lr = 3",
    "for lr in (lr, 5): out.append(lr)",
    "while lr > 100: lr /= 2",
    "if (lr := lr + 1) > 2: out.append(lr)",
    "def f():\n    return lr\nout.append(f())",
    "def f(lr=lr):\n    return lr\nout.append(f())",
    "def f():\n    lr = 2\n    return lr\nout.append(f())",
    "def f():\n    global lr\n    lr += 1\nf()",
    "def f():\n    def g():\n        return lr\n    return g\nout.append(f()())",
    "class C:\n    lr = lr\n    x = lr\nout.append((C.lr, C.x))",
    "class C:\n    x = [lr for _ in 'ab']\n    def f(self): return lr\nout.append((C.x, C().f()))",
    "match len(out):\n    case 0: out.append(lr)\n    case lr: out.append(lr)",
    "try:\n    out.append(1 / lr)\nexcept ZeroDivisionError as e:\n    out.append(lr)",
    "x = later",
    "def later_(): return lr",
    "out.append(lr is None)",
    "del lr; lr = 9",
]


def run(source: str) -> list[object]:
    """What a script puts out, and the error that ends it."""
    out: list[object] = []
    names: dict[str, Any] = {"out": out, "later": 0}
    try:
        exec(source, names)
    except (NameError, TypeError, ValueError) as error:
        out.append(type(error))
    return out


@given(
    st.lists(st.sampled_from(SNIPPETS), max_size=8),
    st.sampled_from([0.5, -2.0, 3, -1]),
    st.booleans(),
)
@example(["class C:\n    lr = lr\n    x = lr"], -2.0, True)
def test_a_script_behaves_as_if_its_author_had_written_the_value(
    snippets: list[str],
    value: float,
    in_a_function: bool,
) -> None:
    script = "\n".join(["lr = 0.01", *snippets]) + "\n"
    if in_a_function:
        script = "def main():\n" + textwrap.indent(script, "\t") + "main()\n"
    done = by_syntax(script, {"lr": value})
    as_written = script.replace("lr = 0.01", f"lr = {value}", 1)
    assert run(done.text) == run(as_written)
    check_places(script, done)


def check_places(source: str, done: Substitution) -> None:
    """All outside of the places is as it was."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", source)
    text, end = "", 0
    for place in done.places:
        start = sum(map(len, lines[: place.line - 1])) + place.column - 1
        assert source[start : start + len(place.before)] == place.before
        text += source[end:start] + place.after
        end = start + len(place.before)
    assert text + source[end:] == done.text


@given(st.lists(st.sampled_from(SNIPPETS), max_size=8), literals)
def test_a_name_that_does_not_occur_changes_nothing(snippets: list[str], value: Value) -> None:
    source = "lr = 0.01\n" + "\n".join(snippets)
    done = by_syntax(source, {"no_layers": value})
    assert (done.text, done.counts, done.places) == (source, {"no_layers": 0}, ())
    assert done.unified_diff("train.py") == ""


@given(st.text())
def test_any_text_is_substituted_or_refused(source: str) -> None:
    try:
        done = by_syntax(source, {"lr": 1})
    except ConfigError:
        pass
    else:
        assert done.source == source
    candidates(source)
