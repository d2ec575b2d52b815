# SPDX-License-Identifier: LGPL-2.1-or-later
# What `make check` runs, and the gates that need no daemon. Groups bring their own rules.mk.
-include $(wildcard tests/bpf/rules.mk tests/fuzz/rules.mk tests/corpus/rules.mk tests/integration/rules.mk \
        tests/cli/rules.mk tests/mutants/rules.mk tests/bench/rules.mk)

RESULTS := $(BUILD)/results
RUN := tests/run.sh $(RESULTS)
export ASAN_OPTIONS ?= abort_on_error=1:detect_leaks=1
export UBSAN_OPTIONS ?= print_stacktrace=1

UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)

# TensorFlow.js writes models for the unit tests; without it they are skipped.
NPM_MODELS := @tensorflow/tfjs-core@4 @tensorflow/tfjs-backend-cpu@4 @tensorflow/tfjs-layers@4
$(BUILD)/npm/stamp:
	@mkdir -p $(@D)
	@cd $(@D) && npm install --prefix . --ignore-scripts --no-package-lock --no-save --no-audit --no-fund \
		--loglevel=error $(NPM_MODELS) >npm.log 2>&1 && touch stamp || echo "tests: npm could not fetch TensorFlow.js" >&2

test-unit: $(BUILD)/npm/stamp $(UNIT_BIN) $(BUILD)/asan/aiguard-scanner $(BUILD)/asan/aiguardctl ## unit tests under ASan and UBSan
	@tests/unit/run.sh $(UNIT_BIN)

lint: $(SKEL) ## layers, formatting, clang-tidy, cppcheck, names
	@tools/dev/lint.sh

# The unit tests want to see files by the real writers of their formats.
writers: deps
	@tools/dev/deps.sh --writers

check: writers ## install what is needed, build, run every test; the last line is the sum
	@rm -rf $(RESULTS)
	@$(MAKE) --no-print-directory -j2 all $(BUILD)/asan/aiguard-scanner $(BUILD)/asan/aiguardctl $(UNIT_BIN)
	@$(MAKE) --no-print-directory -k check-groups; tests/run.sh --sum $(RESULTS)

# Every group runs, whatever the others did: the sum decides.
check-groups:
	@for group in $(CHECK_GROUPS); do \
		$(RUN) $$group $(MAKE) --no-print-directory $$group; \
	done

CHECK_GROUPS ?= lint test-unit test-bpf test-cli fuzz-replay fuzz-short corpus vm-check

.PHONY: test-unit lint writers check check-groups
