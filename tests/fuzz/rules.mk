# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzz targets: tests/fuzz/fuzz_NAME.c, seeds in tests/fuzz/corpus/NAME/. Built by clang with libFuzzer, ASan and UBSan.
FUZZ := $(BUILD)/fuzz
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(FUZZ)/%)
FUZZ_SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# What the daemon's library includes of the compiled policy is not needed here, nor are gcc's stricter warnings.
FUZZ_CFLAGS := -std=gnu17 $(FUZZ_SANITIZE) -Wall -Wextra -Werror -Wno-unused-parameter

$(FUZZ)/obj/%.o: %.c | $(SKEL)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(FUZZ)/libaiguard.a: $(LIB_SRC:%.c=$(FUZZ)/obj/%.o)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^
$(FUZZ)/fuzz_%: $(FUZZ)/obj/tests/fuzz/fuzz_%.o $(FUZZ)/libaiguard.a
	$(call say,LINK,$@)
	$(Q)$(CLANG) $(FUZZ_SANITIZE) -fsanitize=fuzzer $^ $(LIBS) -o $@

fuzz-replay: $(FUZZ_BIN) ## every input of the fuzz corpora once, under ASan and UBSan
	@tests/fuzz/run.sh replay $(FUZZ_BIN)

# A minute for all of them.
fuzz-short: $(FUZZ_BIN)
	@tests/fuzz/run.sh run $$(( 60 / $(words $(FUZZ_BIN)) + 1 )) $(FUZZ_BIN)

fuzz: $(FUZZ_BIN) ## fuzz each target for T seconds (default 60)
	@tests/fuzz/run.sh run $(T) $(FUZZ_BIN)

.PHONY: fuzz-replay fuzz-short fuzz
