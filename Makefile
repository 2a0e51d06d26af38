# Each task is one call of tasks.py; on Windows: py tasks.py demo
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done || true)
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif

.PHONY: demo test lint notebooks test-browser bench lab reference soak lock
demo test lint notebooks test-browser bench lab soak lock:
	@$(PYTHON) tasks.py $@ $(ARGS)

reference:
	@$(PYTHON) tasks.py reference $(DIR)
