# `make help` lists what there is. Each target installs what it needs first (see .ci/setup).
.DEFAULT_GOAL := help
.PHONY: help setup serve dev build test lint bench shots size profile clean

PORT ?= 8080

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | awk -F '\t' '{ printf "make %-8s %s\n", $$1, $$2 }'

setup: ## install what is missing for everything below
	@.ci/setup all

serve: ## build the page and serve it on http://127.0.0.1:8080 (PORT=... for another port)
	@.ci/setup serve
	@.ci/build
	@node tests/browser/server.mjs dist $(PORT)

dev: ## serve an unoptimised build that follows every change of a file
	@.ci/setup serve
	@.ci/dev $(PORT)

build: ## build the page into dist/, for any static host and any folder on it
	@.ci/setup build
	@.ci/build

test: ## every test: native, in Chromium, of the built page
	@.ci/setup test
	@.ci/test

lint: ## rustfmt, clippy, layering, docs
	@.ci/setup lint
	@.ci/lint

bench: ## measure; one "name value unit" a line
	@.ci/setup bench
	@.ci/bench

shots: ## take the pictures in public/ that the README shows
	@.ci/setup test
	@.ci/build
	@.ci/shots

size: ## the bytes of the first load, against their budget
	@.ci/setup build
	@.ci/build
	@.ci/size

profile: ## note what a first look runs, after larger changes: the rest of the program comes after it
	@.ci/setup test
	@.ci/build
	@.ci/profile

clean: ## remove what was built here, not the installed tools
	@rm -rf dist target
