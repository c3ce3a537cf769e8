"""The runner of the snippets notices what is wrong with a snippet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source import Module
from tests.docs.snippets import (
    SnippetError,
    as_test_module,
    docstring_fences,
    expected_output,
    programs,
    read_fences,
    run_program,
)


def run(text: str) -> None:
    for fences in programs(read_fences(Path("page.md"), text=text)).values():
        run_program(fences)


def fence(code: str, info: str = "python") -> str:
    return f"```{info}\n{code}\n```\n"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("print(undefined)", "page.md:2: NameError"),
        ("1 +", "page.md:2: SyntaxError"),
        ("assert 1 == 2", "page.md:2: AssertionError"),
        ("from roomkit import NoSuchName", "page.md:2: ImportError"),
        ("import roomkit\nawait roomkit.RoomKit().get_room('x')", "RoomNotFoundError"),
        ("import warnings\nwarnings.warn('old', DeprecationWarning)", "DeprecationWarning: old"),
        ("print('a')  # prints: b", "printed\n    a\ninstead of\n    b"),
        ("print('a')\nprint('b')  # prints: b", "instead of"),
    ],
)
def test_a_broken_snippet_fails(code: str, problem: str) -> None:
    with pytest.raises(SnippetError) as failure:
        run(fence(code))
    assert problem in str(failure.value)


def test_a_wrong_output_fails() -> None:
    page = fence("print(1)") + "\n" + fence("2", "text")
    with pytest.raises(SnippetError, match="printed\n    1\ninstead of\n    2"):
        run(page)


def test_a_wrong_output_after_prose_fails() -> None:
    page = fence("print(1)") + "\nprints\n\n" + fence("2", "text output")
    with pytest.raises(SnippetError, match="instead of"):
        run(page)


def test_text_after_prose_is_no_output() -> None:
    run(fence("print(1)") + "\nAnd here is a header:\n\n" + fence("X-Header: 2", "text"))


def test_output_without_code_is_refused() -> None:
    page = fence("print(1)") + "\n" + fence("ls", "bash") + "\n" + fence("1", "text output")
    with pytest.raises(SnippetError, match="follows no code"):
        run(page)


def test_a_network_address_is_out_of_reach() -> None:
    code = "import socket\nsocket.getaddrinfo('example.com', 80)"
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        run(fence(code))


def test_what_is_right_passes() -> None:
    run(
        fence("import asyncio\nvalue = 20\n")
        + fence("await asyncio.sleep(0)\nprint(value + 1)  # prints: 21")
        + fence("async def main() -> None:\n    print(value)\n\nasyncio.run(main())")
        + fence("20", "text")
        + fence("this is not Python", 'python skip="shows a mistake"')
        + fence("raise ValueError", "bash")
    )


def test_models_resolve_their_annotations() -> None:
    run(
        fence(
            "from __future__ import annotations\n"
            "from pydantic import BaseModel\n"
            "class Leaf(BaseModel):\n    name: str\n"
            "class Tree(BaseModel):\n    leaf: Leaf\n"
            "print(Tree(leaf=Leaf(name='oak')).leaf.name)  # prints: oak"
        )
    )


def test_pages_within_a_page_share_nothing() -> None:
    text = "<!-- page: one.md -->\n" + fence("a = 1")
    text += "<!-- page: two.md -->\n" + fence("print(a)")
    with pytest.raises(SnippetError, match=r"two\.md:7: NameError"):
        run(text)


def test_fences_in_lists_are_found() -> None:
    text = "1. First\n\n    ```python\n    print('in a list')  # prints: elsewhere\n    ```\n"
    with pytest.raises(SnippetError):
        run(text)


def test_the_indentation_of_an_output_counts() -> None:
    page = fence("print(' 1')") + "\n" + fence(" 1", "text")
    run(page)
    with pytest.raises(SnippetError):
        run(page.replace("\n 1\n", "\n1\n"))


def test_a_fence_without_an_end_is_refused() -> None:
    with pytest.raises(SnippetError, match="never closed"):
        read_fences(Path("page.md"), text="```python\nprint(1)\n")


def test_output_given_twice_is_refused() -> None:
    page = fence("print(1)  # prints: 1") + fence("1", "text")
    (found,) = programs(read_fences(Path("page.md"), text=page))["page.md"]
    with pytest.raises(SnippetError, match="twice"):
        expected_output(found)


def test_a_broken_snippet_in_a_docstring_fails() -> None:
    source = (
        'def f():\n    """Says so.\n\n    ```python\n    print(1)  # prints: 2\n    ```\n    """\n'
    )
    module = Module("package.module", Path("module.py"), ast.parse(source))
    found = docstring_fences([module])
    assert list(found) == ["package.module.f"]
    (fences,) = programs(found["package.module.f"]).values()
    with pytest.raises(SnippetError, match=r"package\.module\.f:5: printed"):
        run_program(fences)


def test_pages_with_tests_become_modules() -> None:
    text = fence("value = 1") + fence("await value") + fence("def test_it() -> None:\n    pass")
    fences = programs(read_fences(Path("page.md"), text=text))["page.md"]
    assert [one.defines_tests for one in fences] == [False, False, True]
    module = as_test_module(fences)
    assert "value = 1" in module
    assert "await" not in module
    assert "def test_it" in module
