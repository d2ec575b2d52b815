/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LOG_H
#define LOG_H
/*
 * Diagnostics of the program itself, to stderr with the <N> prefixes that
 * systemd understands (plain text on a terminal). Decisions about others never
 * go through here; they are journal.c's.
 */
#include <syslog.h>

#include "lib/macro.h"

void log_set_max_level(int level); /* LOG_DEBUG and so on; default LOG_INFO */
void log_full(int level, const char *format, ...) _printf_(2, 3);

/* Logs with strerror(-r) behind the text and gives r back: return log_error_errno(r, "..."). */
int log_full_errno(int level, int r, const char *format, ...) _printf_(3, 4);

#define log_debug(...) log_full(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_full(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_full(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_full(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_full(LOG_ERR, __VA_ARGS__)
#define log_error_errno(r, ...) log_full_errno(LOG_ERR, r, __VA_ARGS__)
#define log_warning_errno(r, ...) log_full_errno(LOG_WARNING, r, __VA_ARGS__)

#endif
