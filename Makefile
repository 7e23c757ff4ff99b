# Every task of the house. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps build run test systemd bench fuzz sanitize screenshots format lint layers check \
    install uninstall deb clean

# Where `make install` puts things, and where it takes the programs from.
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
BINARIES ?= .build/release
BENCH ?=
FUZZ ?=
# Which of the two `make install` is about.
PROGRAMS ?= reloadtop mwproxy
# What `make run` starts: the demo, unless told otherwise.
RUN ?= --demo

SOURCES := Sources Tests Package.swift
# Nothing is looked for beside an installed program.
RELEASE := swift build -c release --static-swift-stdlib --disable-local-rpath
# Without debug information, which takes compiler's time and which no test needs. In a folder of its own, so that it is
# built beside the release.
TESTABLE := swift build --scratch-path .build/tests --build-tests -Xswiftc -gnone
# Suites that start the binaries of .build, which know nothing of the sanitizer.
PROCESS_TESTS := SystemTests|RunningMasterTests|MwproxyTests

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what building, running and testing need from Debian's packages
	@.ci/packages run test

build: ## build .build/release/reloadtop and .build/release/mwproxy
	@.ci/packages run
	$(RELEASE) --product reloadtop
	$(RELEASE) --product mwproxy

run: build ## build, then show the demo: a proxy under traffic that reloads (RUN='--help' for other options)
	@.build/release/reloadtop $(RUN)

test: ## pure tests, then the real binaries under load, the dashboard in tmux, and HAProxy beside mwproxy
	@.ci/packages run test
	@.ci/programs '$(RELEASE) --product mwproxy' '$(TESTABLE)'
	@.ci/tests

systemd: build ## boot a Debian in a virtual machine and try the systemd unit there (root; docs/systemd.md)
	@.ci/packages systemd
	@Tests/Systemd/run

bench: ## figures of mwproxy beside HAProxy, as ratios (BENCH='--rounds 3 --only reload' and more: --help)
	@.ci/packages run test bench
	$(RELEASE) --product reloadtop
	$(RELEASE) --product mwproxy
	$(RELEASE) --product Bench
	RELOADTOP_BINARIES=.build/release .build/release/Bench $(BENCH)

fuzz: ## libFuzzer on the configuration language, HTTP/1, admin replies, peers and ClientHellos (FUZZ='seconds')
	@.ci/packages run
	Tests/Fuzz/run $(FUZZ)

sanitize: ## the pure tests under the address sanitizer
	@.ci/packages run
	# Leaks are not looked for: the runtime's lazily made globals are all reported as such.
	ASAN_OPTIONS=detect_leaks=0 \
	    swift test --sanitize=address --scratch-path .build/sanitize --skip '$(PROCESS_TESTS)'

screenshots: build ## render the pictures in screenshots/ from the running program
	screenshots/render

format: ## format the sources in place
	swift format -i --recursive $(SOURCES)

lint: ## check the sources' format and style
	swift format lint --strict --recursive $(SOURCES)

layers: ## check that every import is declared, that no arrow points up, and what mwproxy must not import
	@swift package dump-package | python3 .ci/layers.py

check: lint layers test ## lint, layers and test

PLACES = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' UNITDIR='$(UNITDIR)' BINARIES='$(BINARIES)'

install: ## install both programs with unit, configuration, man pages and completions (PREFIX=/usr/local, DESTDIR=)
	@$(PLACES) packaging/install install $(PROGRAMS)

uninstall: ## remove what `make install` put there; configuration that was changed stays
	@$(PLACES) packaging/install uninstall $(PROGRAMS)

deb: ## build Debian packages of both programs into .build/deb, and have lintian look at them
	@.ci/packages run deb
	$(RELEASE) --product reloadtop
	$(RELEASE) --product mwproxy
	@BINARIES='$(BINARIES)' packaging/debian/build

clean: ## remove everything that was built
	rm -rf .build
