"""Code that is checked rather than run: what a type checker has to know and has to refuse.

`make typecheck` covers the modules with `assert_type`; `test_rejected.py` runs mypy over code that
is wrong.
"""
