# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests that prove the whole: what they are made of, and the targets that run them in the VM.
ACCEPTANCE := $(BUILD)/tests
ACCEPTANCE_FILES := $(ACCEPTANCE)/probe $(ACCEPTANCE)/bench $(ACCEPTANCE)/stream $(ACCEPTANCE)/listen $(ACCEPTANCE)/libonnxruntime.so.1 $(ACCEPTANCE)/models/.stamp

$(ACCEPTANCE)/probe: tests/integration/probe.c tests/integration/probe-attacks.c tests/integration/probe-network.c tests/integration/probe.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(filter %.c,$^) -pthread -ldl -o $@

$(ACCEPTANCE)/stream: tests/integration/stream.c tests/integration/say.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -ldl -o $@

$(ACCEPTANCE)/listen: tests/integration/listen.c tests/integration/say.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -ldl -o $@

$(ACCEPTANCE)/kill-at: tests/integration/kill-at.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

$(ACCEPTANCE)/bench: tests/bench/bench.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -ldl -o $@

$(ACCEPTANCE)/responder: tests/bench/responder.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< -o $@

$(ACCEPTANCE)/libonnxruntime.so.1: tests/integration/runtime-fake.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -shared -fPIC -Wl,-soname,libonnxruntime.so.1 $< -o $@

$(ACCEPTANCE)/models/.stamp: tests/integration/mkmodel.py
	@rm -rf $(@D)
	$(Q)tests/integration/mkmodel.py set $(@D)
	@touch $@

acceptance-build: $(ACCEPTANCE_FILES)

NATIVE_RUN := BUILD=$(CURDIR)/$(BUILD) tests/integration/native.sh

# BACKEND=fanotify: on this machine what needs neither systemd nor a camera, then the whole list in a machine that has them.
behaviour: deps ## the list of behaviour tests, in the VM (KERNEL=6.1 or 6.12, BACKEND=lsm or fanotify)
	@status=0; [ "$(BACKEND)" != fanotify ] || $(NATIVE_RUN) || [ $$? = 77 ] || status=1; \
	$(MAKE) --no-print-directory vm SUITE=behaviour KERNEL=$(KERNEL) BACKEND=$(BACKEND) || status=1; exit $$status

native: ## the fanotify backend on this machine, as root: refusals, and what a stopped or killed daemon does to the host
	@$(NATIVE_RUN)

native-consents: ## the daemon killed at each system call of an import and a withdrawal, and in a thousand of them, as root
	@$(NATIVE_RUN) consents

native-bench: ## what that backend costs on this machine, as root
	@$(NATIVE_RUN) bench

demo: deps ## see it work: a real runtime, a real model, a real camera
	@$(MAKE) --no-print-directory -s all
	@tools/dev/demo.sh

# The last part looks at the machine that the ones before have built.
bench: deps ## what it costs beside the same without the project: false alarms, a store of grants, both backends in instructions
	@status=0; $(MAKE) --no-print-directory -s bench-store || status=1; \
	if [ "$$(id -u)" = 0 ]; then $(NATIVE_RUN) bench || [ $$? = 77 ] || status=1; \
	else echo "skip - native # needs root"; fi; \
	for suite in bench bench-fanotify; do \
		$(MAKE) --no-print-directory vm SUITE=$$suite KERNEL=$(KERNEL) || status=1; done; \
	$(MAKE) --no-print-directory -s wild || status=1; exit $$status

mutants: deps ## plant faults, one at a time; each must turn a named test red
	@tests/mutants/run.sh

.PHONY: acceptance-build behaviour native native-consents native-bench demo bench mutants
