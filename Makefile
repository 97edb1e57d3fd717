# Everything a developer does here.  Each target needs no more than CPython 3.11 or later, make
# and a package index: it makes the virtual environment that it runs in.

VENV := .venv
# Asked for only when the environment is made.  Name another: make PYTHON=python3.12 test
PYTHON ?= $(shell sh tests/pythons.sh first)
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo node test test-web test-all test-others coverage style format types docs bench \
	pictures fresh-constraints clean

help: ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
		while IFS='|' read -r name what; do printf '  %-20s%s\n' $$name "$$what"; done

demo: $(VENV)/.has-examples ## follow real TCP connections; the pictures are left in out/
	@mkdir -p out
	@$(BIN)/python -m examples.tcp examples/tcp/capture.pcap

# A registry that does not answer is no reason to wait for ever.
IN_TIME = $(shell command -v timeout >/dev/null && echo timeout 60)

node: ## what runs under Node, for the tests that hand machines to it; they are skipped without
	@mkdir -p .node && cp tests/node/package.json .node/
	@$(IN_TIME) npm install --prefix .node --no-package-lock --ignore-scripts --silent && \
		echo "installed in .node: $$(ls .node/node_modules | tr '\n' ' ')" || \
		echo "npm is not here, or could not install: tests that need Node are skipped"

test: $(VENV)/.has-test ## the quick tests, in two processes
	@$(BIN)/python -m pytest -n 2

test-web: $(VENV)/.has-web ## the tests that need Chromium (on the path) or Jupyter
	@$(BIN)/python -m pytest tests/test_page_in_a_browser.py tests/test_notebooks.py

test-all: $(VENV)/.has-test ## all tests, the slow ones too; the quick ones under each other Python
	@$(BIN)/python -m pytest -m ''
	@$(MAKE) --no-print-directory test-others

# Every interpreter gets its say, also after one has failed.
test-others: $(VENV)/.has-test ## the quick tests under each other supported Python that is here
	@this=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	others=$$(sh tests/pythons.sh all | grep -v "^$$this "); \
	[ -n "$$others" ] || { echo "no other supported Python is here: only $$this is tested"; exit 0; }; \
	echo "$$others" | { failed=; while read -r version python; do \
		echo "the quick tests under Python $$version"; \
		$(MAKE) --no-print-directory VENV=.venv-$$version PYTHON="$$python" test </dev/null \
			|| failed="$$failed $$version"; \
	done; [ -z "$$failed" ] || { echo "the tests failed under Python$$failed" >&2; exit 1; }; }

# Not under 3.11: there exploring and coverage.py both need sys.settrace (docs/pytest.md).
coverage: ## lines that the quick tests run, and branches: at least 95 in a hundred of each
	@python="$$(sh tests/pythons.sh all | sed -n 's/^3\.1[23] //p' | head -n 1)"; \
	[ -n "$$python" ] || { echo "this needs CPython 3.12 or 3.13" >&2; exit 1; }; \
	$(MAKE) --no-print-directory VENV=.venv-coverage PYTHON="$$python" \
		.venv-coverage/.has-test .venv-coverage/.has-docs .venv-coverage/.has-web
	@rm -f .coverage .coverage.*
	@.venv-coverage/bin/coverage run -m pytest
	@.venv-coverage/bin/coverage combine -q
	@.venv-coverage/bin/coverage report
	@.venv-coverage/bin/coverage json -q -o - | .venv-coverage/bin/python tests/covered.py 95

style: $(VENV)/.has-dev ## ruff: rules and layout
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.has-dev ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.has-dev $(VENV)/.has-docs ## mypy --strict, and pyright; all that can be imported has its type written
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@told=$$(PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --verifytypes flowlet --ignoreexternal) || \
		{ echo "$$told" | grep -B 1 -A 2 ' error: '; exit 1; }

docs: $(VENV)/.has-docs ## the documentation as a site, in site/; its pictures are drawn anew
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@SITE=site $(BIN)/python -m pytest -m '' tests/test_site.py tests/test_docs.py

bench: $(VENV)/.has-bench ## how fast it is here, and how fast others are
	@$(BIN)/python -m benchmarks

pictures: $(VENV)/.has-test ## draw the pictures of README and docs anew, and the table of formats
	@UPDATE_PICTURES=1 $(BIN)/python -m pytest tests/test_readme.py tests/test_life.py tests/test_graph_page.py tests/test_fidelity.py

fresh-constraints: ## pin the newest versions that pyproject.toml allows
	@rm -rf .venv-fresh
	@$(MAKE) --no-print-directory VENV=.venv-fresh CONSTRAINTS=/dev/null \
		.venv-fresh/.has-dev .venv-fresh/.has-docs .venv-fresh/.has-web
	@{ sed '/^$$/q' constraints.txt; .venv-fresh/bin/python -m pip freeze --exclude-editable | \
		sed 's/_/-/g' | sort -f; } >.venv-fresh/constraints.txt
	@mv .venv-fresh/constraints.txt constraints.txt

clean: ## remove what the other targets have made
	rm -rf .node .venv .venv-* out dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.coverage .coverage.*

# An environment and what is installed in it: .has-examples, .has-test, .has-bench, .has-docs,
# .has-web and .has-dev, by extra.
# Without build isolation, so that the build tool is held to constraints.txt too.
$(VENV)/.has-%: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing flowlet[$*] and what it needs into $(VENV)"
	@$(PIP) --constraint $(CONSTRAINTS) flit-core
	@$(PIP) --constraint $(CONSTRAINTS) --no-build-isolation --editable '.[$*]'
	@touch $@

$(VENV)/bin/pip:
	@python="$(PYTHON)"; [ -n "$$python" ] || exit 1; \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "flowlet needs Python 3.11 or later; $$python will not do" >&2; exit 1; }; \
	echo "making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
