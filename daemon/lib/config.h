/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONFIG_H
#define CONFIG_H
/*
 * aiguard.conf: what the host is, and how the daemon works. What is forbidden
 * is the policy's. See aiguard.conf(5).
 */
#include <stdbool.h>

#include "lib/diag.h"
#include "lib/policy.h"

#define CONFIG_FILE "/etc/aiguard/aiguard.conf"
#define CONFIG_DROPIN_VENDOR_DIR "/usr/lib/aiguard/aiguard.conf.d"
#define CONFIG_DROPIN_DIR "/etc/aiguard/aiguard.conf.d"

typedef enum ConfigBackend {
        CONFIG_BACKEND_AUTO,
        CONFIG_BACKEND_LSM,
        CONFIG_BACKEND_FANOTIFY,
        CONFIG_BACKEND_OBSERVE, /* nothing is refused, whatever the mode */
} ConfigBackend;

typedef enum ConfigCmdline {
        CONFIG_CMDLINE_NONE, /* nothing is said there */
        CONFIG_CMDLINE_AUDIT,
        CONFIG_CMDLINE_ENFORCE,
        CONFIG_CMDLINE_OFF, /* attach nothing */
} ConfigCmdline;

typedef struct Config {
        PolicyMode mode;            /* [Host] Mode= */
        const char *mode_reason;    /* "default", "aiguard.conf", "kernel command line" */
        bool off;                   /* aiguard.mode=off */
        char *jurisdiction;         /* [Host] Jurisdiction=: "kz", "kz eu"; NULL: not given */
        char *network_cameras;      /* [Host] NetworkCameras=: see lib/network-camera.h; NULL: the default */
        unsigned hold_max_ms;       /* [Daemon] HoldMaxMs=: longest stay in the bridge */
        unsigned scan_timeout_sec;  /* [Daemon] ScanTimeoutSec= */
        unsigned scanner_delay_sec; /* [Daemon] ScannerDelaySec=: for tests; 0 otherwise */
        ConfigBackend backend;      /* [Daemon] Backend= */
        char *filesystems; /* [Daemon] Filesystems=: mount points that the fanotify backend watches; NULL: all local ones */
        int log_level; /* [Daemon] LogLevel=: LOG_DEBUG and so on */
} Config;

/*
 * The file, then the drop-ins in order of their names. Nothing there at all is
 * fine: the defaults. A value that cannot be read is -EBADMSG, with the places
 * in `diag`: a misspelt Mode= must not become the other mode. `root` is NULL
 * but in tests. *ret is filled on success only; config_done() releases it.
 */
int config_load(const char *root, Diag *diag, Config *ret);
void config_done(Config *c);

/* One file's text over what is in *c already, which stays to be released also after an error. */
int config_parse_buffer(const char *name, const char *data, size_t size, Diag *diag, Config *c);

/* The word behind the last aiguard.mode= of a kernel command line. */
ConfigCmdline config_cmdline_mode(const char *cmdline);
/* The kernel command line is over the file. */
void config_apply_cmdline(Config *c, ConfigCmdline word);

const char *config_backend_to_string(ConfigBackend b);

#endif
