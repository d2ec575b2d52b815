# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests of the programs. `test-bpf` runs natively what the host allows; the rest runs in the VM.
BPF_TESTS := $(BUILD)/tests

$(BPF_TESTS)/bpf-verify: $(BUILD)/obj/tests/bpf/verify.o
$(BPF_TESTS)/bpf-hooks: $(BUILD)/obj/tests/bpf/hooks.o $(BUILD)/obj/tests/bpf/stand-in.o
$(BPF_TESTS)/bpf-%:
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $^ -lbpf -lelf -lz -pthread -o $@

bpf-verify: $(BPF_TESTS)/bpf-verify ## load every program alone and all together, print what the verifier says
	$<

.PHONY: bpf-verify
