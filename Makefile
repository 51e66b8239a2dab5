# One churn problem, four pipelines. `make` alone lists what there is.
#
# Needs make (3.81 or newer: the one on macOS will do) and Python 3.11 or newer. Each environment is built the first time
# a target needs it, from its lock in requirements/, into .venv/<name>; the rest of the machine is left alone.

ENVIRONMENTS := plain workflow data dagster model tracking docs test lint
PIPELINES := workflow data dagster model tracking

.DEFAULT_GOAL := help
.NOTPARALLEL: # progress bars of two demos at once are unreadable
.SUFFIXES:
unexport PYTHONHOME PYTHONPATH # a shell that has them set would mix other packages in

# --- Settings: what is said after `make demo`, as in `make demo N=1000`, and only there: DATA or TARGET in somebody's
# shell is about something else. The value goes to the program as it was typed, through the shell's own "$N": neither
# make nor the shell reads it, so spaces, quotes, $ and ; are safe.

define setting
ifeq ($$(origin $(1)),command line)
override $(1) := $$(value $(1))
export $(1)
else
override $(1) :=
unexport $(1)
endif
endef
$(foreach name,N MONTH SEED DATA TARGET TIME FAILED E SCENARIO PIPELINE PORT,$(eval $(call setting,$(name))))

option = $(if $(value $(1)),--$(2)="$$$(1)")
WORLD = $(call option,N,customers) $(call option,MONTH,month) $(call option,SEED,seed)
EXERCISE = $(call option,E,exercise)
TABLE = $(call option,DATA,data) $(call option,TARGET,target) $(call option,TIME,time-column)

# --- Environments

# One whose Python has gone (upgraded away, say) is built again.
GONE := $(shell for ok in .venv/*/.ok; do [ -x "$${ok%/.ok}/bin/python" ] || rm -f "$$ok"; done)

$(ENVIRONMENTS:%=.venv/%/.ok): .venv/%/.ok: requirements/%.txt
	@sh tools/environment.sh $*

##@ Run

.PHONY: demo compare demo-plain demo-workflow demo-data demo-dagster demo-model demo-tracking
.PHONY: serve-workflow images ui-data rerun-data ui-dagster lineage rollback ui-tracking team-tracking

# The plain answer comes first: what it cannot do with these settings, none can. After that, one that fails does not keep
# the others from running: the comparison says which are missing, and make fails.
demo: demo-plain ## every pipeline there is, then their reports side by side
	@failed=; for one in $(PIPELINES:%=demo-%); do $(MAKE) --no-print-directory $$one || failed="$$failed $$one"; done; \
		$(MAKE) --no-print-directory compare $${failed:+FAILED="$$failed"}

compare: .venv/plain/.ok ## the last reports side by side, and a page with plots: runs/compare.html
	@.venv/plain/bin/python -m churn.compare $(call option,FAILED,failed)

demo-plain: .venv/plain/.ok ## the bare script: six functions, no framework
	@.venv/plain/bin/python -m churn $(WORLD)

demo-workflow: .venv/workflow/.ok ## each step in a container of its own (without Docker: as processes)
	@.venv/workflow/bin/python -m workflow_pipeline $(WORLD)

serve-workflow: .venv/workflow/.ok ## the same, then the model served on 127.0.0.1:8080 (PORT=) until Ctrl-C
	@.venv/workflow/bin/python -m workflow_pipeline $(WORLD) --serve "$${PORT:-8080}"

images: .venv/workflow/.ok ## build the images that are not there yet, and a bill of materials for each
	@.venv/workflow/bin/python -m workflow_pipeline.containers.build_images

demo-data: .venv/data/.ok ## Airflow backfills the year; one month arrives broken and is corrected
	@.venv/data/bin/python -m data_pipeline $(WORLD)

ui-data: .venv/data/.ok ## the last demo-data in Airflow's own pages
	@.venv/data/bin/python -m data_pipeline.local_airflow.ui

rerun-data: .venv/data/.ok ## one month again, with all that follows from it, in the Airflow of the last demo-data: MONTH=
	@.venv/data/bin/python -m data_pipeline.local_airflow.rerun $(call option,MONTH,month)

demo-dagster: .venv/dagster/.ok ## the same assets and the same year in Dagster
	@.venv/dagster/bin/python -m data_pipeline.in_dagster.demo $(WORLD)

ui-dagster: .venv/dagster/.ok ## the last demo-dagster in Dagster's own pages
	@.venv/dagster/bin/python -m data_pipeline.in_dagster.demo --ui

demo-model: .venv/model/.ok ## the scikit-learn pipeline here or on your own table: DATA=my.csv TARGET=churned
	@.venv/model/bin/python -m model_pipeline $(WORLD) $(TABLE)

demo-tracking: .venv/tracking/.ok ## MLflow: three months of models; a bad one is forced live and rolled back
	@.venv/tracking/bin/python -m tracking_pipeline $(WORLD)

lineage: .venv/tracking/.ok ## what made the model that was live in MONTH, and does it make it again
	@.venv/tracking/bin/python -m tracking_pipeline.story.lineage $(WORLD)

rollback: .venv/tracking/.ok ## undo the last promotion that stands: the model before it is live again
	@.venv/tracking/bin/python -m tracking_pipeline.promote rollback $(WORLD)

ui-tracking: .venv/tracking/.ok ## MLflow's pages over what demo-tracking recorded
	@.venv/tracking/bin/python -m tracking_pipeline.servers.ui

team-tracking: .venv/tracking/.ok ## a tracking server for a team: PostgreSQL, passwords, artifacts through the server
	@.venv/tracking/bin/python -m tracking_pipeline.servers.team

##@ Learn

.PHONY: workshop check hint solution reset workshop-ready

workshop: .venv/plain/.ok ## the exercises, and how far you are
	@.venv/plain/bin/python -m workshop list

check: .venv/plain/.ok ## E=01: check your answer to an exercise; the first time, the task
	@.venv/plain/bin/python -m workshop check $(EXERCISE)

hint: .venv/plain/.ok ## E=01: the next hint
	@.venv/plain/bin/python -m workshop hint $(EXERCISE)

solution: .venv/plain/.ok ## E=01: a solution
	@.venv/plain/bin/python -m workshop solution $(EXERCISE)

reset: .venv/plain/.ok ## E=01 or E=all: begin anew; your answer so far is kept
	@.venv/plain/bin/python -m workshop reset $(EXERCISE)

workshop-ready: $(foreach name,plain workflow data model tracking,.venv/$(name)/.ok) ## before a class: build all it needs, and try every exercise
	@.venv/plain/bin/python -m workshop ready

##@ Check

.PHONY: test test-fast lint contrast bench bench-data bench-workflow bench-tracking doctor

test: .venv/test/.ok .venv/plain/.ok $(PIPELINES:%=.venv/%/.ok) ## all tests
	@.venv/test/bin/python -m tests

test-fast: .venv/test/.ok ## the tests that take a moment and need no engine
	@.venv/test/bin/python -m pytest -m 'not (slow or docker or airflow or browser)'

lint: .venv/lint/.ok ## style, format and types
	@.venv/lint/bin/python -m ruff check
	@.venv/lint/bin/python -m ruff format --check
	@.venv/lint/bin/python -m mypy

contrast: .venv/plain/.ok .venv/workflow/.ok .venv/data/.ok .venv/model/.ok .venv/tracking/.ok ## faults happen to every pipeline, and a table of who notices: SCENARIO= PIPELINE=
	@.venv/plain/bin/python -m contrast $(call option,SCENARIO,scenario) $(call option,PIPELINE,pipeline)

bench: .venv/model/.ok ## how fast it is, and how much memory it takes
	@.venv/model/bin/python -m benchmarks $(call option,N,customers)

bench-data: .venv/data/.ok demo-plain ## what Airflow costs: seconds and memory of make demo-data, beside the plain script
	@.venv/data/bin/python -m benchmarks.airflow

bench-workflow: .venv/workflow/.ok ## what containers cost: a step, a run in which nothing has changed, a prediction
	@.venv/workflow/bin/python -m benchmarks.containers

bench-tracking: .venv/tracking/.ok ## what tracking costs: a trial, an answer of the scoring server, the best of 10,000
	@.venv/tracking/bin/python -m benchmarks.tracking

doctor: ## does this machine have what is needed, and how to get what is missing
	@"$$(sh tools/python.sh 2>/dev/null || echo python3)" tools/doctor.py

##@ Read

export NO_MKDOCS_2_WARNING := 1 # about a product that nobody asked about

.PHONY: docs docs-build docs-assets

docs: .venv/docs/.ok ## the site, on 127.0.0.1 until Ctrl-C
	@.venv/docs/bin/python -m tools.docs.serve

docs-build: .venv/docs/.ok ## the site into runs/site; a broken link is an error
	@.venv/docs/bin/python -m mkdocs build --strict --quiet
	@echo "open runs/site/index.html, or serve it: .venv/docs/bin/python -m http.server -b 127.0.0.1 -d runs/site"

docs-assets: .venv/docs/.ok .venv/data/.ok .venv/dagster/.ok .venv/tracking/.ok ## the site's pictures of the engines' own pages, after make demo
	@.venv/docs/bin/python -m tools.docs.screens

##@ Look after

.PHONY: help format lock pipeline-yaml clean clean-images distclean

format: .venv/lint/.ok ## bring the code into the house style
	@.venv/lint/bin/python -m ruff check --fix
	@.venv/lint/bin/python -m ruff format

lock: ## write requirements/ anew from pyproject.toml, keeping versions that fit (UPGRADE=1: the newest of everything)
	@sh tools/lock.sh $(if $(UPGRADE),--upgrade) $(ENVIRONMENTS)
	@sh workflow_pipeline/locks/lock.sh $(if $(UPGRADE),--upgrade)

pipeline-yaml: .venv/workflow/.ok ## compile the workflow pipeline for a cluster, after any change in churn/ or its locks
	@.venv/workflow/bin/python -m workflow_pipeline.pipeline

clean: ## remove the runs and the caches
	rm -rf runs .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

clean-images: ## remove the images of the workflow pipeline and what they were built from
	@docker images --quiet --filter label=one-churn-problem=workflow | sort -u | xargs -r docker rmi --force >/dev/null

distclean: clean ## remove the environments too
	rm -rf .venv

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Settings come after the target: make demo N=1000 SEED=3 MONTH=2025-11'
	@echo '  N customers, SEED of the world, MONTH to score (YYYY-MM);'
	@echo '  DATA a CSV of yours, TARGET its column to predict, TIME its column to split by;'
	@echo '  E an exercise; SCENARIO and PIPELINE a row and a column of the contrast.'
