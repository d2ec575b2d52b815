# SPDX-License-Identifier: LGPL-2.1-or-later
# The virtual machines: tests/vm/README.md.
SUITE ?= main
KERNEL ?= 6.1
BACKEND ?= lsm
VM_STAGE := $(BUILD)/vm/stage
VM_RUN := BUILD=$(BUILD) CORPUS=$(CORPUS) tests/vm/run.sh

# SUITE:KERNEL pairs that `make check` runs.
VM_CHECK ?= main:6.1 main:6.12 main-audit:6.1 bpf:6.1 bpf:6.12

vm: ## run SUITE (default main) in a VM with Debian's kernel KERNEL (6.1 or 6.12), BACKEND=lsm or fanotify
	@$(VM_RUN) --suite $(SUITE) --kernel $(KERNEL) --backend $(BACKEND)

vm-check: ## run the suites that `check` runs, one VM after the other
	@status=0; for pair in $(VM_CHECK); do \
		$(VM_RUN) --suite $${pair%:*} --kernel $${pair#*:} || status=1; \
	done; exit $$status

vm-selftest: ## prove that the VM harness turns red when a test fails, hangs, or kills the machine
	@BUILD=$(BUILD) KERNEL=$(KERNEL) tests/vm/selftest.sh

vm-image: ## fetch the kernels and build the VM's disk images (done by `vm` when needed)
	@BUILD=$(BUILD) tests/vm/build-image.sh
	@BUILD=$(BUILD) tests/vm/fetch-kernel.sh 6.1
	@BUILD=$(BUILD) tests/vm/fetch-kernel.sh 6.12

# What the guest gets. A failed install leaves the last good tree alone, and of two at once each makes its own.
vm-stage: all
	@mkdir -p $(BUILD)/vm && flock $(BUILD)/vm/stage.lock sh -ec 'rm -rf $(VM_STAGE).new; \
		$(MAKE) --no-print-directory -s DESTDIR=$(CURDIR)/$(VM_STAGE).new install; \
		rm -rf $(VM_STAGE); mv $(VM_STAGE).new $(VM_STAGE)'

.PHONY: vm vm-check vm-selftest vm-image vm-stage
