/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: aiguard.conf and its drop-ins into struct Config. Owns the keys,
 * their defaults and bounds, and what the kernel command line may say. Called
 * by the daemon at start, and by aiguardctl to know the host's mode.
 */
#include "lib/config.h"

#include <syslog.h>

#include "lib/conf-files.h"
#include "lib/conf-parser.h"
#include "lib/network-camera.h"
#include "lib/util-string.h"

static const char *const mode_words[] = { "audit", "enforce", NULL };
static const char *const backend_words[] = { "auto", "lsm", "fanotify", "observe", NULL };
/* in the order of syslog.h, from LOG_EMERG */
static const char *const level_words[] = { "emerg",  "alert", "crit",  "err", "warning",
                                           "notice", "info",  "debug", NULL };

static int word_index(const char *value, const char *const *words)
{
        for (int i = 0; words[i]; i++)
                if (streq(words[i], value))
                        return i;
        return -EINVAL;
}

static int parse_mode(const char *value, void *data, const char **reterr_wanted)
{
        int i = word_index(value, mode_words);

        *reterr_wanted = "audit or enforce";
        if (i >= 0)
                *(PolicyMode *) data = (PolicyMode) i;
        return i;
}

static int parse_backend(const char *value, void *data, const char **reterr_wanted)
{
        int i = word_index(value, backend_words);

        *reterr_wanted = "auto, lsm, fanotify or observe";
        if (i >= 0)
                *(ConfigBackend *) data = (ConfigBackend) i;
        return i;
}

static int parse_level(const char *value, void *data, const char **reterr_wanted)
{
        int i = word_index(value, level_words);

        *reterr_wanted = "emerg, alert, crit, err, warning, notice, info or debug";
        if (i >= 0)
                *(int *) data = i;
        return i;
}

static int parse_number(const char *value, uint64_t min, uint64_t max, void *data)
{
        uint64_t v;

        if (parse_u64(value, max, &v) < 0 || v < min)
                return -EINVAL;
        *(unsigned *) data = (unsigned) v;
        return 0;
}

/* The bridge spins: its bound is a bound on wasted time. */
static int parse_hold_ms(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "milliseconds from 1 to 200";
        return parse_number(value, 1, 200, data);
}

static int parse_scan_timeout(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "seconds from 1 to 600";
        return parse_number(value, 1, 600, data);
}

static int parse_scanner_delay(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "seconds from 0 to 60";
        return parse_number(value, 0, 60, data);
}

static int parse_jurisdiction(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "names such as kz or eu, with blanks between";
        if (strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789- ") != strlen(value))
                return -EINVAL;
        return conf_parse_string(value, data, reterr_wanted);
}

static int parse_network_cameras(const char *value, void *data, const char **reterr_wanted)
{
        struct ag_network_camera cameras[AG_NETWORK_CAMERAS_MAX];

        *reterr_wanted = "none, or at most 256 of ADDRESS[/PREFIX][:PORT] or *:PORT, IPv6 in [], with "
                         "blanks between";
        if (network_cameras_parse(value, cameras) < 0)
                return -EINVAL;
        return conf_parse_string(value, data, reterr_wanted);
}

static int parse_filesystems(const char *value, void *data, const char **reterr_wanted)
{
        *reterr_wanted = "absolute paths of mount points, with blanks between";
        if (*value != '/')
                return -EINVAL;
        return conf_parse_string(value, data, reterr_wanted);
}

static const ConfItem items[] = {
        { "Host", "Mode", parse_mode, offsetof(Config, mode) },
        { "Host", "Jurisdiction", parse_jurisdiction, offsetof(Config, jurisdiction) },
        { "Host", "NetworkCameras", parse_network_cameras, offsetof(Config, network_cameras) },
        { "Daemon", "HoldMaxMs", parse_hold_ms, offsetof(Config, hold_max_ms) },
        { "Daemon", "ScanTimeoutSec", parse_scan_timeout, offsetof(Config, scan_timeout_sec) },
        { "Daemon", "ScannerDelaySec", parse_scanner_delay, offsetof(Config, scanner_delay_sec) },
        { "Daemon", "Backend", parse_backend, offsetof(Config, backend) },
        { "Daemon", "Filesystems", parse_filesystems, offsetof(Config, filesystems) },
        { "Daemon", "LogLevel", parse_level, offsetof(Config, log_level) },
        {},
};

#define MODE_UNSET ((PolicyMode) -1)

int config_parse_buffer(const char *name, const char *data, size_t size, Diag *diag, Config *c)
{
        return conf_parse_buffer(name, data, size, items, c, diag);
}

static int load_file(const char *path, Config *c, Diag *diag)
{
        int r = conf_parse_file(path, items, c, diag);

        if (r < 0 && r != -EBADMSG && r != -ENOENT)
                diag_add(diag, DIAG_ERROR, path, 0, 0, NULL, "cannot be read: %s", strerror(-r));
        return r == -ENOENT ? 0 : r;
}

static int load_all(const char *root, Diag *diag, Config *c)
{
        _cleanup_(conf_files_done) ConfFiles dropins = {};
        _cleanup_free_ char *path = NULL;
        int r, result;

        r = string_printf(&path, "%s%s", root ? root : "", CONFIG_FILE);
        if (r < 0)
                return r;
        result = load_file(path, c, diag);
        r = conf_files_list(root, CONFIG_DROPIN_VENDOR_DIR, CONFIG_DROPIN_DIR, ".conf", &dropins);
        if (r < 0)
                return r;
        for (size_t i = 0; i < dropins.n; i++) {
                if (dropins.files[i].masked)
                        continue;
                r = load_file(dropins.files[i].path, c, diag);
                if (r < 0)
                        result = r;
        }
        return result;
}

int config_load(const char *root, Diag *diag, Config *ret)
{
        Config c = {
                .mode = MODE_UNSET,
                .hold_max_ms = 20,
                .scan_timeout_sec = 30,
                .backend = CONFIG_BACKEND_AUTO,
                .log_level = LOG_INFO,
        };
        int r;

        r = load_all(root, diag, &c);
        if (r < 0) {
                config_done(&c);
                return r;
        }
        c.mode_reason = c.mode == MODE_UNSET ? "default" : "aiguard.conf";
        if (c.mode == MODE_UNSET)
                c.mode = POLICY_MODE_AUDIT; /* a fresh install only watches */
        *ret = c;
        return 0;
}

void config_done(Config *c)
{
        free(c->jurisdiction);
        c->jurisdiction = NULL;
        free(c->network_cameras);
        c->network_cameras = NULL;
        free(c->filesystems);
        c->filesystems = NULL;
}

ConfigCmdline config_cmdline_mode(const char *cmdline)
{
        static const char *const words[] = { "audit", "enforce", "off" };
        static const char key[] = "aiguard.mode=";
        ConfigCmdline found = CONFIG_CMDLINE_NONE;

        for (const char *p = cmdline; *p;) {
                size_t n = strcspn(p, " \t\n");
                const char *value = startswith(p, key);
                size_t rest = value ? n - strlen(key) : 0;

                for (size_t i = 0; value && i < ARRAY_SIZE(words); i++)
                        if (rest == strlen(words[i]) && strncmp(value, words[i], rest) == 0)
                                found = (ConfigCmdline) (CONFIG_CMDLINE_AUDIT + i);
                p += n;
                p += strspn(p, " \t\n");
        }
        return found;
}

void config_apply_cmdline(Config *c, ConfigCmdline word)
{
        if (word == CONFIG_CMDLINE_NONE)
                return;
        c->mode_reason = "kernel command line";
        c->off = word == CONFIG_CMDLINE_OFF;
        c->mode = word == CONFIG_CMDLINE_ENFORCE ? POLICY_MODE_ENFORCE : POLICY_MODE_AUDIT;
}

const char *config_backend_to_string(ConfigBackend b)
{
        return backend_words[b];
}
