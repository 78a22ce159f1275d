# One word per intent; `make` alone lists them. CI calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := .venv-tools
# The checks of `make check`, the fast ones first; ci.yml runs them as parallel jobs.
CHECKS := lint types imports check-deploy test-all pages test-container
# Tests in a file share fixtures, so a file runs in one worker.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder
# One more than there are processors, because many slow tests wait for other processes.
WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.PHONY: help install run serve loop test test-all lint format types imports check viz notebook ui bench-train lock upgrade clean viz-build notebooks-html bench bench-peers bench-evidence bench-loop bench-scale bench-rows chaos \
	image image-training image-with-model test-container tools check-deploy docs reference pages dashboards stack backup restore \
	try-stack try-cluster pin

##@ Use
help: ## List the targets
	@scripts/help.sh $(MAKEFILE_LIST)

install: $(READY) ## Create .venv with the locked dependencies (again only when the lock changes)

$(READY): requirements.lock
	@PYTHON=$(PYTHON) scripts/install.sh $(VENV) $<

run: install ## Train, compare, release: kedro run (ARGS="--pipelines data_science" and so on)
	@$(BIN)/kedro run $(ARGS)

serve: install ## Serve the Production model on http://127.0.0.1:8000 (ENV=wine, IRIS_BIND, IRIS_WORKERS)
	@IRIS_DATABASE_URL=$${IRIS_DATABASE_URL-sqlite:///predictions.db} $(if $(ENV),IRIS_MODEL_NAME=$(ENV) IRIS_STORE=$${IRIS_STORE:-stores/$(ENV)}) exec $(BIN)/gunicorn --config python:serving.server.gunicorn_conf

loop: install ## Show the whole loop: drift, labels, retraining, canary, rollback (2 to 4 minutes)
	@PYTHONPATH=src $(BIN)/python -m demo.loop

##@ Check
test: install ## Run the fast tests, in less than five minutes on two cores (ARGS="-k split" and so on)
	@$(PYTEST) -m "not slow and not container" $(ARGS)

test-all: install ## Run all tests except those of the containers (ARGS="-k split" and so on)
	@$(PYTEST) --numprocesses $(WORKERS) $(TEST_ARGS) $(ARGS)

lint: install ## Check style, format and words
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/words.sh

format: install ## Fix style and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/nbstripout --keep-id notebooks/*.ipynb

types: install ## Check types
	@$(BIN)/mypy

imports: install ## Check which module may import which
	@PYTHONPATH=src:. $(BIN)/lint-imports

check-deploy: install tools ## Check what is deployed: images, workflows, manifests, rules, secrets, known vulnerabilities
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH:$(CURDIR)/$(BIN)" deploy/check.sh
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH:$(CURDIR)/$(BIN)" $(BIN)/python -m pytest --numprocesses 2 tests/deploy/check_*.py $(ARGS)

# TEST_ARGS is only for `test-all`; ARGS would be passed to every check.
check: ## Run everything that CI runs (CHECKS="lint types": only these)
	@set -e; for check in $(CHECKS); do \
		printf '\n=== %s\n' "$$check"; $(MAKE) --no-print-directory "$$check"; \
	done

try-stack: ## Try the Compose stack for real, which needs Docker
	@deploy/compose/try.sh

try-cluster: ## Try the manifests in a cluster of its own, which needs Docker, kind and kubectl
	@deploy/kubernetes/try.sh

##@ Look inside
viz: install ## See the pipelines in the browser (ARGS="--port 4200" and so on)
	@$(BIN)/kedro viz run $(ARGS)

viz-build: install ## Write the graph as a static site to build/viz, with the data of the last run
	@rm -rf build/viz
	@$(BIN)/kedro viz build --include-previews
	@cd build && mkdir viz && mv api assets 404.html favicon.ico index.html viz/ \
		&& rm -rf .vite autoreload.html telemetry.html

notebook: install ## Start JupyterLab with catalog, context, pipelines and session (ENV=penguins)
	@KEDRO_LOGGING_CONFIG=$(CURDIR)/conf/logging.yml $(if $(ENV),KEDRO_ENV=$(ENV)) $(BIN)/kedro jupyter lab $(ARGS)

# Not the workbench, which trains in the project itself.
notebooks-html: install ## Run notebooks 01 to 04 and render them into build/notebooks (ENV=penguins)
	@KEDRO_LOGGING_CONFIG=$(CURDIR)/conf/logging.yml $(if $(ENV),KEDRO_ENV=$(ENV)) $(BIN)/jupyter nbconvert --execute --to html --embed-images --output-dir build/notebooks \
		--HTMLExporter.mathjax_url= --HTMLExporter.require_js_url= notebooks/0[1-9]_*.ipynb

ui: install ## See the runs and models in MLflow's pages (ARGS="--port 5001" and so on)
	@$(BIN)/kedro mlflow ui $(ARGS)

##@ Measure
bench-train: install ## Compare kedro run with a hand-written script
	@$(BIN)/python -m benchmarks.train $(ARGS)

bench: install ## Compare the service with its alternatives (15 to 20 minutes)
	@$(BIN)/python -m benchmarks.serving.run $(ARGS)

bench-peers: install ## The same with BentoML, MLServer and LitServe
	@$(BIN)/python -m benchmarks.serving.run --peers $(ARGS)

bench-evidence: install ## Simulate drift detectors and write docs/explanation/statistics.md (ARGS=--short: no files)
	@PYTHONPATH=src $(BIN)/python -m benchmarks.evidence $(ARGS)

bench-loop: install ## Measure the database, feedback, monitoring and its false alarms (15 minutes)
	@$(BIN)/python -m benchmarks.serving.database
	@$(BIN)/python -m benchmarks.serving.feedback
	@PYTHONPATH=src $(BIN)/python -m benchmarks.monitoring
	@PYTHONPATH=src $(BIN)/python -m benchmarks.verdicts

bench-scale: install ## Compare batch scoring with its alternatives (13 minutes; ARGS=--long: 100 million rows)
	@PYTHONPATH=src:. $(BIN)/python -m benchmarks.scale $(ARGS)

bench-rows: install ## Measure the steps from a source to training rows, up to 5 million rows (5 minutes)
	@PYTHONPATH=src:. $(BIN)/python -m benchmarks.scale.training $(ARGS)

chaos: install ## Break a real service in many ways and check its promises (10 minutes; ARGS=--short: 2)
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

##@ Deploy
dashboards: install ## Write Grafana's dashboards from deploy/grafana/dashboards.yml
	@$(BIN)/python deploy/grafana/dashboards.py

stack: ## Start MLflow, watcher, service and monitoring with Docker Compose (docs/how-to/stack.md)
	@$(PYTHON) deploy/compose/write_env.py
	@VERSION=$(VERSION) REVISION=$(REVISION) $(PYTHON) deploy/compose/start.py

backup: ## Back up databases and bucket of the running stack (TO=folder)
	@$(PYTHON) deploy/compose/write_env.py
	@$(PYTHON) deploy/compose/backup/create.py $(or $(TO),backups)

restore: ## Restore a backup into the stack (FROM=backups/2026-…; REPLACE=1 deletes what is there)
	@$(if $(FROM),,$(error FROM names no backup: make restore FROM=backups/…))$(PYTHON) deploy/compose/write_env.py
	@$(PYTHON) deploy/compose/backup/restore.py $(if $(REPLACE),--replace) $(FROM)

image: ## Build the image of the service, iris-serving (docs/how-to/containers.md)
	@$(BUILD) --target serving --tag iris-serving:$(TAG) .

image-training: ## Build the image of the pipelines, iris-training
	@$(BUILD) --target training --tag iris-training:$(TAG) .

image-with-model: install ## Build iris-serving-with-model, which needs no registry (ENV=wine)
	@rm -rf build/model
	@$(if $(ENV),IRIS_MODEL_NAME=$(ENV)) IRIS_STORE=build/model/store $(BIN)/python -m serving.registry.follower --once
	@rm build/model/store/registry.json # the report would be outdated at run time
	@$(BUILD) --target serving --tag iris-serving-with-model:$(TAG) \
		--build-context model=build/model --build-arg FOLLOW_SECONDS=0 .

test-container: install ## Build and test the images, with Docker or Podman
	@$(BIN)/python -m pytest tests/container -m container $(ARGS)

TAG ?= latest
CONTAINER_ENGINE ?= $(shell docker info >/dev/null 2>&1 && echo docker || echo podman)
# Podman's own image format has no health checks.
BUILD = BUILDAH_FORMAT=docker $(CONTAINER_ENGINE) build $(CONTAINER_BUILD_ARGS) \
	--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
REVISION = $(shell git rev-parse HEAD)

##@ Publish
reference: install ## Write the code reference to build/reference
	@PYTHONPATH=src:. $(BIN)/pdoc --docformat google --output-directory build/reference iris_kedro serving '!serving.server.gunicorn_conf' '!.*\.migrations\..*'

docs: run ## Write the documentation as a site to build/site
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=src:. $(BIN)/mkdocs build --quiet

pages: docs viz-build notebooks-html reference ## Write everything to publish to build/pages
	@$(BIN)/python deploy/pages.py

##@ Maintain
tools: $(TOOLS)/.ready ## Create .venv-tools with what check-deploy runs

$(TOOLS)/.ready: deploy/requirements-tools.lock | $(READY)
	@PYTHON=$(PYTHON) scripts/install.sh $(TOOLS) $<

lock: install ## Update the lock files, keeping versions where possible
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/lock.sh $(UPGRADE)

upgrade: UPGRADE = --upgrade
upgrade: lock ## Update the lock files to the newest compatible versions

pin: ## Pin the base images of the Dockerfiles to what their tags name today, which needs Docker
	@deploy/base_images.sh pin

clean: ## Delete the environment and caches; data, runs and models stay
	@rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
