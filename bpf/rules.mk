# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs: compiled one by one, linked into one object, turned into a skeleton that user space includes.
BPF_DIR := $(BUILD)/bpf
# maps.o first: libbpf 1.1 leaves a map that it meets as extern before its definition at offset 0.
# Two objects, one for each backend: a kernel that refuses a program of the one can still load the other.
BPF_OBJ := $(BPF_DIR)/maps.o $(filter-out $(BPF_DIR)/maps.o $(BPF_DIR)/fan%.o,$(BPF_SRC:bpf/%.bpf.c=$(BPF_DIR)/%.o))
BPF_FAN_OBJ := $(BPF_DIR)/maps.o $(filter $(BPF_DIR)/fan%.o,$(BPF_SRC:bpf/%.bpf.c=$(BPF_DIR)/%.o))
BPF_MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# -ffile-prefix-map: the same object wherever it is built. -g is for BTF; DWARF is stripped below.
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter \
        -Wno-missing-declarations -Ibpf -isystem /usr/include/$(BPF_MULTIARCH) -ffile-prefix-map=$(CURDIR)=.
LLVM_STRIP := $(firstword $(shell command -v llvm-strip llvm-strip-19 llvm-strip-14 2>/dev/null) llvm-strip)

$(BPF_DIR)/%.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(BPF_DIR)/aiguard.bpf.o: $(BPF_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_DIR)/aiguard_fan.bpf.o: $(BPF_FAN_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/%.skel.h: $(BPF_DIR)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@.tmp
	@mv $@.tmp $@

-include $(wildcard $(BPF_DIR)/*.d)
