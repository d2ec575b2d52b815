# SPDX-License-Identifier: LGPL-2.1-or-later
# aiguardctl as people call it: output compared with golden files, exit codes, bad calls.
STAND_IN := $(BUILD)/asan/bus-stand-in

$(STAND_IN): $(BUILD)/asan/obj/tests/cli/bus-stand-in.o $(ASAN_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $^ $(LIBS) -o $@

test-cli: $(BUILD)/asan/aiguardctl $(STAND_IN) ## aiguardctl: output, exit codes, bad calls
	@for t in tests/cli/test-*.sh; do AIGUARDCTL=$(BUILD)/asan/aiguardctl STAND_IN=$(STAND_IN) $$t || rc=1; done; exit $${rc:-0}

.PHONY: test-cli
