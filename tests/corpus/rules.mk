# SPDX-License-Identifier: LGPL-2.1-or-later
corpus: $(BUILD)/aiguardctl $(BUILD)/aiguard-scanner ## what the scanner makes of a corpus (CORPUS=DIR) and of hostile files, and what must hold
	@AIGUARD_SCANNER=$(abspath $(BUILD)/aiguard-scanner) tests/corpus/hostile.py $(BUILD)/aiguardctl; hostile=$$?; \
	AIGUARD_SCANNER=$(abspath $(BUILD)/aiguard-scanner) tests/corpus/report.py $(BUILD)/aiguardctl "$(CORPUS)" && [ $$hostile = 0 ]

# Fetches its packages the first time (700 MB on disk), and takes a while: no part of `check`.
wild: $(BUILD)/aiguardctl $(BUILD)/aiguard-scanner ## false alarms: the scanner on a whole Debian machine, on graphs and on npm packages
	@AIGUARD_SCANNER=$(abspath $(BUILD)/aiguard-scanner) tests/corpus/wild.py $(BUILD)/aiguardctl $(BUILD)

.PHONY: corpus wild
