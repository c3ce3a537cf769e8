# Where ensure_uv.sh puts uv if the machine has none.
export PATH := $(CURDIR)/.uv/bin:$(PATH)

RUN := uv run --locked --extra dev

.PHONY: install demo lint format typecheck security test coverage bench docs docs-test llms check all clean

install:
	sh .github/scripts/ensure_uv.sh
	uv sync --locked --extra dev

demo:
	sh .github/scripts/demo.sh

lint:
	$(RUN) ruff check .
	$(RUN) ruff format --check .

format:
	$(RUN) ruff check --fix-only .
	$(RUN) ruff format .

typecheck:
	$(RUN) mypy src/roomkit tests

security:
	$(RUN) bandit --quiet --recursive src --exclude src/roomkit/testing
# The contracts are tests for others to inherit: they assert, which elsewhere in src is refused.
	$(RUN) bandit --quiet --recursive src/roomkit/testing --skip B101

test:
	sh .github/scripts/test.sh $(ARGS)

coverage:
	sh .github/scripts/test.sh --cov=roomkit --cov-report=term-missing --cov-report=xml $(ARGS)

bench:
	$(RUN) python -m benchmarks $(ARGS)

# Silences the theme's notice about MkDocs 2.
docs: export NO_MKDOCS_2_WARNING = 1
docs:
	$(RUN) mkdocs build --strict

# The documentation as one text for language models; a test says when it is out of date.
llms:
	$(RUN) python .github/scripts/build_llms.py

docs-test:
	sh .github/scripts/test.sh tests/docs $(ARGS)

# Everything that does not run the code.
check: lint typecheck security docs

all: lint typecheck security test

clean:
	rm -rf build dist site htmlcov .coverage .coverage.* coverage.xml
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv*' -not -path './.uv/*' -prune -exec rm -rf {} +
