# SPDX-License-Identifier: LGPL-2.1-or-later
# The virtual machines. `make vm SUITE=smoke KERNEL=6.12`; the harness is described in tests/vm/README.md.
SUITE ?= main
KERNEL ?= 6.1
VM_STAGE := $(BUILD)/vm/stage

vm: all ## run SUITE (default main) inside a VM with Debian's kernel KERNEL (6.1 or 6.12)
	@rm -rf $(VM_STAGE)
	@if $(MAKE) -n install >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory -s DESTDIR=$(CURDIR)/$(VM_STAGE) install; \
	else \
		echo "vm: no 'install' target yet, the guest runs without the project"; \
	fi
	@BUILD=$(BUILD) CORPUS=$(CORPUS) tests/vm/run.sh --suite $(SUITE) --kernel $(KERNEL)

vm-image: ## fetch the kernels and build the VM's disk images (done by `vm` when needed)
	@BUILD=$(BUILD) tests/vm/build-image.sh
	@BUILD=$(BUILD) tests/vm/fetch-kernel.sh 6.1
	@BUILD=$(BUILD) tests/vm/fetch-kernel.sh 6.12

.PHONY: vm vm-image
