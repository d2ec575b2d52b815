# SPDX-License-Identifier: LGPL-2.1-or-later
# One entry, non-recursive. Each part's rules.mk owns its targets; products go to .build/ only.
BUILD := .build
CORPUS ?= $(wildcard $(CURDIR)/../shared/corpus)
DESTDIR ?=
PREFIX ?= /usr
T ?= 60

CC := gcc
CLANG := clang
BPFTOOL := $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG := pkg-config

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
        -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wno-unused-parameter
CPPFLAGS := -D_GNU_SOURCE -Ibpf -Idaemon -I$(BUILD)
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(CFLAGS) $(WARN) -fstack-protector-strong -D_FORTIFY_SOURCE=2
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_CFLAGS := -std=gnu17 $(SANITIZE) $(WARN)
# One short line for each product; V=1 shows whole commands, -s nothing.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-8s %s\n' $(1) $(2))

# utf8proc is a table of characters: linked in, so that no host needs a package for it.
LIBS := -lbpf -lelf -lz -lsystemd -lyaml -ljansson -lsodium -lseccomp -l:libutf8proc.a -pthread

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

LIB_SRC := $(wildcard daemon/lib/*.c daemon/lib/model/*.c)
DAEMON_SRC := $(wildcard daemon/*.c)
SCANNER_SRC := $(wildcard daemon/scanner/*.c)
CTL_SRC := $(wildcard tools/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
BPF_SRC := $(wildcard bpf/*.bpf.c)

LIB := $(BUILD)/libaiguard.a
ASAN_LIB := $(BUILD)/asan/libaiguard.a
SKEL := $(if $(BPF_SRC),$(BUILD)/aiguard.skel.h $(BUILD)/aiguard_fan.skel.h)
PROGRAMS := $(if $(wildcard daemon/main.c),$(BUILD)/aiguardd) \
            $(if $(SCANNER_SRC),$(BUILD)/aiguard-scanner) \
            $(if $(CTL_SRC),$(BUILD)/aiguardctl)

all: $(PROGRAMS) ## build daemon, scanner and aiguardctl

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 16

deps: ## install the packages that building and testing need (Debian, as root)
	@tools/dev/deps.sh

# ---- user space, plain and under sanitizers
$(BUILD)/obj/%.o: %.c | $(SKEL)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/asan/obj/%.o: %.c | $(SKEL)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ASAN_CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^
$(ASAN_LIB): $(LIB_SRC:%.c=$(BUILD)/asan/obj/%.o)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^

define program # name, sources
$(BUILD)/$(1): $(2:%.c=$(BUILD)/obj/%.o) $(LIB)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(CFLAGS) -Wl,-z,relro,-z,now -Wl,--as-needed -pie $$^ $(LIBS) -o $$@
$(BUILD)/asan/$(1): $(2:%.c=$(BUILD)/asan/obj/%.o) $(ASAN_LIB)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(SANITIZE) $$^ $(LIBS) -o $$@
endef
$(eval $(call program,aiguardd,$(DAEMON_SRC)))
$(eval $(call program,aiguard-scanner,$(SCANNER_SRC)))
$(eval $(call program,aiguardctl,$(CTL_SRC)))

$(BUILD)/unit/%: $(BUILD)/asan/obj/tests/unit/%.o $(ASAN_LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $^ -lcriterion $(LIBS) -o $@

-include $(wildcard bpf/rules.mk daemon/rules.mk tests/rules.mk tests/vm/rules.mk packaging/rules.mk)
-include $(shell find $(BUILD)/obj $(BUILD)/asan $(BUILD)/fuzz/obj -type f -name '*.d' 2>/dev/null)

clean: ## remove .build
	rm -rf $(BUILD)

.PHONY: all help deps clean
