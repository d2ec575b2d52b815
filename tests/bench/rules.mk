# SPDX-License-Identifier: LGPL-2.1-or-later
# Measures that need no kernel; those that do are tests/vm/suites/bench.
$(BUILD)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-format-nonliteral $< $(LIB) -Wl,--as-needed $(LIBS) -o $@

bench-store: $(BUILD)/bench/store ## what a store of 100,000 grants costs a start, in time and memory
	@BUILD=$(BUILD) tests/bench/store.sh

.PHONY: bench-store
