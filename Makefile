# Two commands: `make app` starts Latent Lab, `make test` checks all of it. VENV, PYTHON and ARGS can be given.

VENV ?= .venv
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do $$name -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$name && break; done)
ARGS ?=

BIN := $(VENV)/bin
# A stamp carries the sum of the requirements it stands for, so that a changed file installs anew and an unchanged one does not.
APP := $(VENV)/.app-$(shell cksum < requirements.txt | tr ' ' '-')
TEST := $(VENV)/.test-$(shell cat requirements.txt tests/requirements.txt | cksum | tr ' ' '-')

.PHONY: app test environment
.DELETE_ON_ERROR:

app: $(APP)
	$(BIN)/python -m streamlit run app.py $(ARGS)

environment: $(TEST)

test: environment
	$(BIN)/python -m tests.e2e.browser
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest $(ARGS)

$(APP): $(VENV)/.made
	$(BIN)/python -m pip install -r requirements.txt
	@rm -f $(VENV)/.app-*
	@touch $@

$(TEST): $(APP)
	$(BIN)/python -m pip install -r tests/requirements.txt
	@rm -f $(VENV)/.test-*
	@touch $@

# An environment that is there already is used as it is. Where Debian's venv package is missing half a folder stays behind: without a stamp,
# the next try makes it whole.
$(VENV)/.made:
	@test -n '$(PYTHON)' || { echo 'Latent Lab needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)'; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv $(VENV) || { echo 'On Debian: apt install python3-venv'; exit 1; }
	@touch $@
