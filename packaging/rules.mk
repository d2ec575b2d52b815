# SPDX-License-Identifier: LGPL-2.1-or-later
# Installing and removing. The programs look for each other and for their data under /usr: another PREFIX is for
# packagers who move the tree afterwards.
BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBDIR := $(DESTDIR)$(PREFIX)/lib
DATADIR := $(DESTDIR)$(PREFIX)/share
SYSCONFDIR := $(DESTDIR)/etc
AIGUARD_LIBDIR := $(LIBDIR)/aiguard
PIN_DIR := /sys/fs/bpf/aiguard

# Systemd of this host is told only when we install into this host.
LIVE = [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]

# Files of the tree -> folder they go to. `uninstall` reads the same lists.
INSTALL_UNITS := $(wildcard packaging/systemd/*.service packaging/systemd/*.preset)
INSTALL_MODELCAPS := $(wildcard policies/modelcaps/*.yaml)
INSTALL_LAWS := $(filter-out policies/baseline.yaml policies/runtimes.yaml,$(wildcard policies/*.yaml))
INSTALL_EXAMPLES := $(wildcard policies/examples/*.yaml)
INSTALL_DATA := $(wildcard policies/runtimes.yaml)
INSTALL_CONF := $(firstword $(wildcard daemon/aiguard.conf packaging/aiguard.conf) packaging/aiguard.conf)
INSTALL_MAN := $(wildcard packaging/man/*.[1-8])
INSTALL_CATALOG := $(wildcard packaging/catalog/*.catalog)

install: all ## install into DESTDIR and PREFIX (/usr); without DESTDIR systemd is told
	install -d $(BINDIR) $(AIGUARD_LIBDIR)/modelcaps $(AIGUARD_LIBDIR)/policy.d $(AIGUARD_LIBDIR)/aiguard.conf.d \
		$(SYSCONFDIR)/aiguard/policy.d $(SYSCONFDIR)/aiguard/aiguard.conf.d $(DATADIR)/aiguard/policies/examples
	install -m 0755 $(BUILD)/aiguardctl $(BINDIR)/aiguardctl
	install -m 0755 $(BUILD)/aiguardd $(AIGUARD_LIBDIR)/aiguardd
	install -m 0755 $(BUILD)/aiguard-scanner $(AIGUARD_LIBDIR)/aiguard-scanner
	$(if $(INSTALL_MODELCAPS),install -m 0644 $(INSTALL_MODELCAPS) $(AIGUARD_LIBDIR)/modelcaps/)
	install -m 0644 policies/baseline.yaml $(AIGUARD_LIBDIR)/policy.d/10-baseline.yaml
	$(if $(INSTALL_DATA),install -m 0644 $(INSTALL_DATA) $(AIGUARD_LIBDIR)/)
	$(if $(INSTALL_LAWS),install -m 0644 $(INSTALL_LAWS) $(DATADIR)/aiguard/policies/)
	$(if $(INSTALL_EXAMPLES),install -m 0644 $(INSTALL_EXAMPLES) $(DATADIR)/aiguard/policies/examples/)
	[ -e $(SYSCONFDIR)/aiguard/aiguard.conf ] || install -m 0644 $(INSTALL_CONF) $(SYSCONFDIR)/aiguard/aiguard.conf
	install -D -m 0644 -t $(LIBDIR)/systemd/system $(INSTALL_UNITS)
	install -D -m 0644 -t $(LIBDIR)/systemd/journald@aiguard.conf.d packaging/systemd/journald/10-aiguard.conf
	install -D -m 0644 -t $(LIBDIR)/sysusers.d packaging/sysusers.d/aiguard.conf
	install -D -m 0644 -t $(LIBDIR)/tmpfiles.d packaging/tmpfiles.d/aiguard.conf
	$(if $(INSTALL_CATALOG),install -D -m 0644 -t $(LIBDIR)/systemd/catalog $(INSTALL_CATALOG))
	install -D -m 0644 -t $(DATADIR)/dbus-1/system.d packaging/dbus/org.aiguard1.conf
	install -D -m 0644 -t $(DATADIR)/polkit-1/actions packaging/polkit/org.aiguard1.policy
	for page in $(INSTALL_MAN); do install -D -m 0644 -t $(DATADIR)/man/man$${page##*.} $$page; done
	$(if $(wildcard tools/completion/bash/*),install -D -m 0644 tools/completion/bash/aiguardctl \
		$(DATADIR)/bash-completion/completions/aiguardctl)
	$(if $(wildcard tools/completion/zsh/*),install -D -m 0644 tools/completion/zsh/_aiguardctl \
		$(DATADIR)/zsh/site-functions/_aiguardctl)
	@if $(LIVE); then \
		systemd-sysusers $(LIBDIR)/sysusers.d/aiguard.conf && \
		systemd-tmpfiles --create $(LIBDIR)/tmpfiles.d/aiguard.conf && \
		journalctl --update-catalog && \
		systemctl daemon-reload && \
		{ systemctl try-reload-or-restart dbus.service 2>/dev/null || :; } && \
		echo "installed; start it with: systemctl enable --now aiguardd"; \
	fi

# The order is the safe one: first nothing new is decided, then nothing old is enforced, then the files go.
uninstall: ## stop the daemon, unpin everything, remove the files; /etc/aiguard and /var/lib/aiguard stay
	@if $(LIVE); then systemctl disable --now aiguardd.service 2>/dev/null || :; fi
	@if [ -z "$(DESTDIR)" ]; then rm -rf $(PIN_DIR) $(PIN_DIR)-*; fi
	rm -f $(BINDIR)/aiguardctl $(LIBDIR)/systemd/journald@aiguard.conf.d/10-aiguard.conf $(LIBDIR)/sysusers.d/aiguard.conf \
		$(LIBDIR)/tmpfiles.d/aiguard.conf $(DATADIR)/dbus-1/system.d/org.aiguard1.conf \
		$(DATADIR)/polkit-1/actions/org.aiguard1.policy $(DATADIR)/bash-completion/completions/aiguardctl $(DATADIR)/zsh/site-functions/_aiguardctl
	rm -f $(addprefix $(LIBDIR)/systemd/system/,$(notdir $(INSTALL_UNITS))) \
		$(addprefix $(LIBDIR)/systemd/catalog/,$(notdir $(INSTALL_CATALOG)))
	for page in $(notdir $(INSTALL_MAN)); do rm -f $(DATADIR)/man/man$${page##*.}/$$page; done
	rm -rf $(AIGUARD_LIBDIR) $(DATADIR)/aiguard
	@if $(LIVE); then systemctl daemon-reload; journalctl --update-catalog; fi

.PHONY: install uninstall
