# One churn problem, four pipelines. `make` alone lists all targets.
#
# Needs make 3.81 (the version on macOS) or newer and Python 3.11 or newer. The first target that needs an environment
# builds it from its lock in requirements/ into .venv/<name>. Nothing else on the machine changes.

ENVIRONMENTS := plain workflow data dagster model tracking together notebooks lab docs test lint audit mutants
PIPELINES := workflow data dagster model tracking together
TESTED := plain $(PIPELINES) notebooks lab

.DEFAULT_GOAL := help
.NOTPARALLEL: # progress bars of two demos at once are unreadable
.SUFFIXES:
# Python's own variables are of a different project: foreign packages, no current folder, ASCII output. PYTHON is ours.
# Our output is UTF-8, even in the locale C.
unexport $(filter-out PYTHON,$(filter PYTHON%,$(.VARIABLES)))
export PYTHONUTF8 := 1

# --- Settings come only from the command line, as in `make demo N=1000`. A variable DATA or TARGET of the user's shell
# is ignored, because it is about something else. The program gets each value as it was typed, through the shell's own
# "$N". Neither make nor the shell expands it, so spaces, quotes, $ and ; are safe.

define setting
ifeq ($$(origin $(1)),command line)
override $(1) := $$(value $(1))
export $(1)
else
override $(1) :=
unexport $(1)
endif
endef
$(foreach name,N MONTH SEED DATA TARGET TIME READ CHARGE FAILED E SCENARIO PIPELINE PORT STAGE NEST CUSTOMER DIR ROOT KERNEL NAME,$(eval $(call setting,$(name))))

option = $(if $(value $(1)),--$(2)="$$$(1)")
WORLD = $(call option,N,customers) $(call option,MONTH,month) $(call option,SEED,seed)
TRIED = $(call option,ROOT,root) $(call option,KERNEL,kernel) $(if $(value DIR),"$$DIR")
EXERCISE = $(call option,E,exercise)
TABLE = $(call option,DATA,data) $(call option,CHARGE,charge-column) $(call option,TARGET,target) $(call option,TIME,time-column) $(call option,READ,read)

# --- Environments

# Rebuild an environment whose Python is gone, for example after an upgrade.
GONE := $(shell for ok in .venv/*/.ok; do [ -x "$${ok%/.ok}/bin/python" ] || rm -f "$$ok"; done)

$(ENVIRONMENTS:%=.venv/%/.ok): .venv/%/.ok: requirements/%.txt
	@sh tools/environment.sh $*

##@ Run

.PHONY: demo resume compare diff demo-plain demo-workflow demo-data demo-dagster demo-model demo-tracking
.PHONY: demo-together ui-together lineage-together
.PHONY: serve-workflow images ui-data rerun-data ui-dagster lineage rollback ui-tracking team-tracking

# demo-plain runs first: settings that it rejects would fail everywhere. After that, a pipeline that fails does not stop
# the others. The comparison names the missing pipelines, and make fails.
demo: demo-plain ## run every pipeline, two at a time, then compare their reports
	@MAKE="$(MAKE)" exec .venv/plain/bin/python -m churn.harness.lanes

resume: .venv/plain/.ok ## Monday morning: what is finished, killed or stale in runs/? Then continue what was killed
	@exec .venv/plain/bin/python -m churn.harness.resume

compare: .venv/plain/.ok ## compare the last reports; plots in runs/compare.html
	@exec .venv/plain/bin/python -m churn.compare $(call option,FAILED,failed)

diff: ## show what a framework adds to a plain stage: STAGE=train PIPELINE=model
	@sh tools/diff.sh "$$STAGE" "$$PIPELINE"

demo-plain: .venv/plain/.ok ## run the plain script: six functions, no framework
	@exec .venv/plain/bin/python -m churn $(WORLD)

demo-workflow: .venv/workflow/.ok ## run each step in its own container (without Docker: as processes)
	@exec .venv/workflow/bin/python -m workflow_pipeline $(WORLD)

serve-workflow: .venv/workflow/.ok ## run demo-workflow, then serve the model on 127.0.0.1:8080 (PORT=) until Ctrl-C
	@exec .venv/workflow/bin/python -m workflow_pipeline $(WORLD) --serve "$${PORT:-8080}"

images: .venv/workflow/.ok ## build the missing images, with a bill of materials for each
	@exec .venv/workflow/bin/python -m workflow_pipeline.containers.build_images

demo-data: .venv/data/.ok ## backfill the year with Airflow; one month arrives broken and is corrected
	@exec .venv/data/bin/python -m data_pipeline $(WORLD)

ui-data: .venv/data/.ok ## open the last demo-data in Airflow's web UI
	@exec .venv/data/bin/python -m data_pipeline ui

rerun-data: .venv/data/.ok ## re-run one month and everything downstream in the last demo-data: MONTH=
	@exec .venv/data/bin/python -m data_pipeline rerun $(call option,MONTH,month)

demo-dagster: .venv/dagster/.ok ## materialise the same assets for the same year with Dagster
	@exec .venv/dagster/bin/python -m data_pipeline.in_dagster.demo $(WORLD)

ui-dagster: .venv/dagster/.ok ## open the last demo-dagster in Dagster's web UI
	@exec .venv/dagster/bin/python -m data_pipeline.in_dagster.demo --ui

demo-model: .venv/model/.ok ## run the scikit-learn pipeline, or try it on your own table: DATA=my.csv TARGET=churned
	@exec .venv/model/bin/python -m model_pipeline $(WORLD) $(TABLE)

demo-tracking: .venv/tracking/.ok ## track three months of models with MLflow; force a bad model live, then roll it back
	@exec .venv/tracking/bin/python -m tracking_pipeline $(WORLD)

lineage: .venv/tracking/.ok ## trace the model that was live in MONTH and reproduce it
	@exec .venv/tracking/bin/python -m tracking_pipeline lineage $(WORLD)

rollback: .venv/tracking/.ok ## undo the last promotion: the previous model is live again
	@exec .venv/tracking/bin/python -m tracking_pipeline rollback $(WORLD)

ui-tracking: .venv/tracking/.ok ## open the last demo-tracking in MLflow's web UI
	@exec .venv/tracking/bin/python -m tracking_pipeline ui

team-tracking: .venv/tracking/.ok ## run a tracking server for a team: PostgreSQL, passwords, proxied artifacts
	@exec .venv/tracking/bin/python -m tracking_pipeline team

demo-together: .venv/data/.ok .venv/together/.ok ## run all four nested: Airflow, containers, MLflow, scikit-learn (NEST=two: without containers)
	@exec .venv/data/bin/python -m together $(WORLD) $(call option,NEST,nest)

ui-together: .venv/data/.ok .venv/together/.ok ## open the last demo-together: Airflow, MLflow and the endpoint
	@exec .venv/data/bin/python -m together ui $(WORLD) $(call option,NEST,nest)

lineage-together: .venv/data/.ok .venv/together/.ok ## trace a probability back to the raw export: CUSTOMER=17 MONTH=2025-12
	@exec .venv/data/bin/python -m together lineage $(WORLD) $(call option,NEST,nest) $(call option,CUSTOMER,customer)

##@ Notebooks

.PHONY: notebooks lab notebook check-notebooks before

notebooks: .venv/notebooks/.ok ## run the six notebooks in order; later runs repeat only what has changed
	@exec .venv/notebooks/bin/python -m notebooks $(WORLD)

lab: .venv/lab/.ok .venv/notebooks/.ok ## open the notebooks in JupyterLab on 127.0.0.1 until Ctrl-C
	@exec .venv/lab/bin/python -m notebooks lab $(call option,PORT,port)

notebook: .venv/notebooks/.ok ## start a new notebook from the template: NAME=07_by_plan
	@exec .venv/notebooks/bin/python -m notebooks new "$$NAME"

check-notebooks: .venv/notebooks/.ok ## check notebooks in a sandbox: DIR=your/folder (ROOT= of their paths; KERNEL=your/python)
	@exec .venv/notebooks/bin/python -m notebooks check $(WORLD) $(TRIED)

before: .venv/notebooks/.ok ## take one messy notebook apart, step by step, and measure every score
	@exec .venv/notebooks/bin/python -m notebooks before $(WORLD)

##@ Learn

.PHONY: workshop check hint solution reset workshop-ready

workshop: .venv/plain/.ok ## list the exercises and your progress
	@exec .venv/plain/bin/python -m workshop list

check: .venv/plain/.ok ## E=01: show the task the first time, then check your answer
	@exec .venv/plain/bin/python -m workshop check $(EXERCISE)

hint: .venv/plain/.ok ## E=01: show the next hint
	@exec .venv/plain/bin/python -m workshop hint $(EXERCISE)

solution: .venv/plain/.ok ## E=01: show a solution
	@exec .venv/plain/bin/python -m workshop solution $(EXERCISE)

reset: .venv/plain/.ok ## E=01 or E=all: start over; your previous answer is kept
	@exec .venv/plain/bin/python -m workshop reset $(EXERCISE)

workshop-ready: $(foreach name,plain workflow data model tracking,.venv/$(name)/.ok) ## before a class: build all environments and try every exercise
	@exec .venv/plain/bin/python -m workshop ready

##@ Check

.PHONY: test test-fast test-thorough test-nightly kills mutants lint audit contrast bench bench-data bench-workflow bench-tracking bench-together doctor

test: .venv/test/.ok $(TESTED:%=.venv/%/.ok) ## run the tests
	@exec .venv/test/bin/python -m pytest -n 3 -m 'not (thorough or nightly)' # processes, which mostly wait for engines; tests/conftest.py spreads the tests

test-fast: .venv/test/.ok ## run the quick tests that need no engine
	@exec .venv/test/bin/python -m pytest -n 3 -m 'not (slow or docker or airflow or browser)'

test-thorough: .venv/test/.ok $(TESTED:%=.venv/%/.ok) ## run the tests that make test leaves out: kills, full disks, many seeds, the whole contrast
	@exec .venv/test/bin/python -m pytest -n 3 -m thorough

test-nightly: .venv/test/.ok $(TESTED:%=.venv/%/.ok) ## run the tests that take minutes each: kills of each part of the nest
	@exec .venv/test/bin/python -m pytest -m nightly

mutants: .venv/mutants/.ok ## change the code that learns and judges, and list the changes that no test notices (hours)
	@exec .venv/mutants/bin/python -m tools.mutants

kills: .venv/test/.ok $(PIPELINES:%=.venv/%/.ok) .venv/plain/.ok ## kill the demos N times at random moments (SEED= repeats), and run them again
	@exec .venv/test/bin/python -m tests.kills $(call option,N,kills) $(call option,SEED,seed)

lint: .venv/lint/.ok ## check style, format, types and prose
	@exec .venv/lint/bin/python -m ruff check
	@exec .venv/lint/bin/python -m ruff format --check
	@exec .venv/lint/bin/python -m mypy
	@exec .venv/lint/bin/python -m tools.voice

audit: .venv/audit/.ok ## look for published vulnerabilities in every lock, of environments and of images
	@exec .venv/audit/bin/python -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off \
		$(patsubst %,-r %,$(wildcard requirements/*.txt workflow_pipeline/locks/*.txt))

contrast: .venv/plain/.ok .venv/workflow/.ok .venv/data/.ok .venv/model/.ok .venv/tracking/.ok ## break every pipeline and tabulate which one notices: SCENARIO= PIPELINE=
	@exec .venv/plain/bin/python -m contrast $(call option,SCENARIO,scenario) $(call option,PIPELINE,pipeline)

bench: .venv/model/.ok ## measure speed and memory of the plain stages
	@exec .venv/model/bin/python -m benchmarks $(call option,N,customers)

bench-data: .venv/data/.ok demo-plain ## measure what Airflow costs compared with the plain script
	@exec .venv/data/bin/python -m benchmarks.airflow

bench-workflow: .venv/workflow/.ok ## measure what containers cost: a step, a fully cached run, a prediction
	@exec .venv/workflow/bin/python -m benchmarks.containers

bench-tracking: .venv/tracking/.ok ## measure what tracking costs: a trial, a served prediction, the best of 10,000 trials
	@exec .venv/tracking/bin/python -m benchmarks.tracking

bench-together: .venv/plain/.ok $(PIPELINES:%=.venv/%/.ok) ## measure what nesting costs: both nests, and their four parts
	@exec .venv/plain/bin/python -m benchmarks.together $(WORLD)

doctor: ## check this machine and explain how to fix what is missing
	@exec "$$(sh tools/python.sh 2>/dev/null || echo python3)" tools/doctor.py

##@ Read

export NO_MKDOCS_2_WARNING := 1 # the warning advertises a different product

.PHONY: docs docs-build docs-assets

docs: .venv/docs/.ok ## serve the site on 127.0.0.1 until Ctrl-C
	@exec .venv/docs/bin/python -m tools.docs.serve

docs-build: .venv/docs/.ok ## build the site into runs/site; a broken link is an error
	@exec .venv/docs/bin/python -m mkdocs build --strict --quiet
	@echo "the site is in runs/site; to look at it: make docs"

docs-assets: .venv/docs/.ok .venv/data/.ok .venv/dagster/.ok .venv/tracking/.ok ## take new screenshots of the engines' web UIs, after make demo
	@exec .venv/docs/bin/python -m tools.docs.screens

##@ Look after

.PHONY: help format lock pipeline-yaml clean clean-images distclean

format: .venv/lint/.ok ## format the code and fix what ruff can fix
	@exec .venv/lint/bin/python -m ruff check --fix
	@exec .venv/lint/bin/python -m ruff format

lock: ## update requirements/ from pyproject.toml; keep versions that fit (UPGRADE=1: take the newest)
	@sh tools/lock.sh $(if $(UPGRADE),--upgrade) $(ENVIRONMENTS)
	@sh workflow_pipeline/locks/lock.sh $(if $(UPGRADE),--upgrade)
	@sh together/engines/lock.sh $(if $(UPGRADE),--upgrade)

pipeline-yaml: .venv/workflow/.ok ## compile the workflow pipeline for a cluster, after a change in churn/ or its locks
	@exec .venv/workflow/bin/python -m workflow_pipeline.pipeline

clean: ## remove runs and caches
	rm -rf runs .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

clean-images: ## remove all images of the workflow pipeline
	@docker images --quiet --filter label=one-churn-problem=workflow | sort -u | xargs -r docker rmi --force >/dev/null

distclean: clean ## remove runs, caches and environments
	rm -rf .venv

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Settings come after the target: make demo N=1000 SEED=3 MONTH=2025-11'
	@echo '  N: number of customers; SEED: of the simulation; MONTH: to score (YYYY-MM)'
	@echo '  DATA: your own CSV; TARGET: its column to predict; TIME: its column to split by'
	@echo '  CHARGE: its column of monthly charges; money then chooses whom to call'
	@echo '  READ: how to read its columns, as in READ="zip=category; joined=%d.%m.%y"'
	@echo '  E: an exercise; SCENARIO, PIPELINE: one row, one column of the contrast'
