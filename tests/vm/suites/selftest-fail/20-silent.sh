#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overview: reports nothing and ends well.
exit 0
