# SPDX-License-Identifier: LGPL-2.1-or-later
# aiguardctl as people call it: output compared with golden files, exit codes, bad calls.
test-cli: $(BUILD)/asan/aiguardctl ## aiguardctl: output, exit codes, bad calls
	@for t in tests/cli/test-*.sh; do AIGUARDCTL=$(BUILD)/asan/aiguardctl $$t || rc=1; done; exit $${rc:-0}

.PHONY: test-cli
