# Everything sets itself up: uv is bootstrapped into .uv/ when it is not on the machine.
SHELL := /bin/sh
UV := $(shell command -v uv || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
CLI := $(RUN) retail-analytics
SAMPLE := data/sample/exports/load.yaml
WAREHOUSES := data/warehouses
unexport PYTHONDONTWRITEBYTECODE
ifneq ($(filter .uv/%,$(UV)),) # ours alone: what it fetches stays in this folder too
export UV_CACHE_DIR := $(CURDIR)/.uv/cache
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.uv/python
endif

.PHONY: help setup report test lab load look bench clean

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

report: load ## Set everything up, publish both shelves, print the index to open
	@$(CLI) run reports/packs/monthly.yaml reports/packs/public.yaml

test: report ## Set everything up and run every test: units, specs, notebooks, published pages in a browser
	@$(RUN) pytest --numprocesses auto --dist loadfile
	@RETAIL_WAREHOUSE=$(CURDIR)/$(WAREHOUSES)/example_grocers $(RUN) pytest --nbval-lax --nbval-current-env notebooks

lab: load ## Open JupyterLab on the analysts' first notebook
	@RETAIL_WAREHOUSE=$(CURDIR)/$(WAREHOUSES)/example_grocers $(RUN) jupyter lab notebooks/explore/start_here.ipynb

load: setup $(SAMPLE) ## Write the fictional retailer's exports and load all warehouses
	@$(CLI) load data/sample/exports --warehouse $(WAREHOUSES)/example_grocers
	@$(CLI) load data/public/uk_police --warehouse $(WAREHOUSES)/uk_police
	@$(CLI) load data/public/london --warehouse $(WAREHOUSES)/london
	@$(CLI) load data/public/linknyc --warehouse $(WAREHOUSES)/linknyc

look: report ## Publish, and take pictures of every kind of page: desk, dark, phone, paper
	@$(RUN) python tests/look.py

bench: load ## Run the benchmarks and print their figures
	@$(RUN) python -m benchmarks

clean: ## Remove what the other targets made, the virtual environment included
	rm -rf .venv .uv data/sample data/warehouses reports/published reports/look .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(UV)
	@$(UV) sync --frozen --quiet --compile-bytecode

$(SAMPLE): $(wildcard retail_analytics/sample/*.py) | setup
	@rm -rf data/sample
	@$(CLI) sample data/sample

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check --no-cache-dir uv
