# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests of the programs. `test-bpf` is what a host without LSM programs can do; the hooks
# themselves are tried in the VM (suite bpf).
BPF_TESTS := $(BUILD)/tests

$(BPF_TESTS)/bpf-verify: $(BUILD)/obj/tests/bpf/verify.o
$(BPF_TESTS)/bpf-hooks: $(addprefix $(BUILD)/obj/tests/bpf/,hooks.o hooks-lib.o hooks-subjects.o stand-in.o)
$(BPF_TESTS)/bpf-decide: $(BUILD)/obj/tests/bpf/decide.o
$(BPF_TESTS)/bpf-layout: $(BUILD)/obj/tests/bpf/layout.o
$(BPF_TESTS)/bpf-%:
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $^ -lbpf -lelf -lz -pthread -o $@

$(BUILD)/obj/tests/bpf/decide.o: | $(BUILD)/decide.skel.h
$(BUILD)/decide.skel.h: $(BPF_DIR)/decide.test.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name decide_bpf > $@.tmp
	@mv $@.tmp $@
$(BPF_DIR)/decide.test.o: tests/bpf/decide.test.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Itests/bpf -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(BUILD)/obj/tests/bpf/layout.o: | $(BPF_TESTS)/layout.inc
$(BPF_TESTS)/layout.inc: bpf/abi.h tests/bpf/layout.awk
	@mkdir -p $(@D)
	$(Q)awk -f tests/bpf/layout.awk $< > $@

bpf-verify: $(BPF_TESTS)/bpf-verify ## load every program alone and all together, print what the verifier says
	@$<

bpf-tests: $(addprefix $(BPF_TESTS)/bpf-,verify hooks decide layout)

# Every part runs, whatever the others did.
test-bpf: $(BPF_TESTS)/bpf-layout $(BPF_TESTS)/bpf-decide $(BPF_TESTS)/bpf-verify ## the programs, as far as this host lets them
	@r=0; $(BPF_TESTS)/bpf-layout $(BPF_DIR)/aiguard.bpf.o $(BPF_DIR)/aiguard_fan.bpf.o || r=1; \
	$(BPF_TESTS)/bpf-decide || r=1; $(BPF_TESTS)/bpf-verify || r=1; exit $$r

.PHONY: bpf-verify bpf-tests test-bpf
