# SPDX-License-Identifier: LGPL-2.1-or-later
corpus: $(BUILD)/aiguardctl $(BUILD)/aiguard-scanner ## scan the corpus (CORPUS=DIR) and compare with its manifest
	@AIGUARD_SCANNER=$(abspath $(BUILD)/aiguard-scanner) tests/corpus/run.sh $(BUILD)/aiguardctl "$(CORPUS)"

.PHONY: corpus
