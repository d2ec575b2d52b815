/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aiguard.conf, drop-ins, the kernel command line. */
#include <syslog.h>

#include "lib/conf-parser.h"
#include "lib/config.h"
#include "policy-fixture.h"

static void put(const char *root, const char *dir, const char *name, const char *text)
{
        _cleanup_free_ char *path = NULL, *command = NULL;

        cr_assert_eq(string_printf(&path, "%s%s", root, dir), 0);
        cr_assert_eq(string_printf(&command, "mkdir -p %s", path), 0);
        cr_assert_eq(system(command), 0);
        fixture_write(path, name, text);
}

#define ETC "/etc/aiguard"

Test(config, defaults_without_a_file)
{
        Fixture f;
        Config c;

        fixture_begin(&f);
        cr_assert_eq(config_load(f.dir, f.diag, &c), 0);
        cr_expect_eq(c.mode, POLICY_MODE_AUDIT, "a fresh install only watches");
        cr_expect_str_eq(c.mode_reason, "default");
        cr_expect_eq(c.hold_max_ms, 20U);
        cr_expect_eq(c.scan_timeout_sec, 30U);
        cr_expect_eq(c.scanner_delay_sec, 0U);
        cr_expect_eq(c.backend, CONFIG_BACKEND_AUTO);
        cr_expect_eq(c.log_level, LOG_INFO);
        cr_expect_null(c.jurisdiction);
        cr_expect_not(c.off);
        config_done(&c);
        fixture_end(&f);
}

Test(config, all_keys)
{
        Fixture f;
        Config c;

        fixture_begin(&f);
        put(f.dir, ETC, "aiguard.conf",
            "# comment\n; another\n\n[Host]\n  Mode = enforce \nJurisdiction=kz "
            "eu\n\n[Daemon]\nHoldMaxMs=50\n"
            "ScanTimeoutSec=5\nScannerDelaySec=3\nBackend=lsm\r\nLogLevel=debug");
        cr_assert_eq(config_load(f.dir, f.diag, &c), 0);
        cr_expect_eq(diag_count(f.diag, DIAG_WARNING), 0U);
        cr_expect_eq(c.mode, POLICY_MODE_ENFORCE);
        cr_expect_str_eq(c.mode_reason, "aiguard.conf");
        cr_expect_str_eq(c.jurisdiction, "kz eu");
        cr_expect_eq(c.hold_max_ms, 50U);
        cr_expect_eq(c.scan_timeout_sec, 5U);
        cr_expect_eq(c.scanner_delay_sec, 3U);
        cr_expect_eq(c.backend, CONFIG_BACKEND_LSM);
        cr_expect_eq(c.log_level, LOG_DEBUG);
        config_done(&c);
        fixture_end(&f);
}

Test(config, drop_ins_in_order_and_masked)
{
        _cleanup_free_ char *mask = NULL;
        Fixture f;
        Config c;

        fixture_begin(&f);
        put(f.dir, ETC, "aiguard.conf", "[Host]\nMode=enforce\nJurisdiction=kz\n");
        put(f.dir, CONFIG_DROPIN_VENDOR_DIR, "10-a.conf", "[Daemon]\nHoldMaxMs=1\nScanTimeoutSec=9\n");
        put(f.dir, CONFIG_DROPIN_DIR, "20-b.conf", "[Daemon]\nHoldMaxMs=2\n[Host]\nJurisdiction=\n");
        put(f.dir, CONFIG_DROPIN_VENDOR_DIR, "30-c.conf", "[Daemon]\nHoldMaxMs=3\n");
        cr_assert_eq(string_printf(&mask, "%s" CONFIG_DROPIN_DIR "/30-c.conf", f.dir), 0);
        cr_assert_eq(symlink("/dev/null", mask), 0);
        cr_assert_eq(config_load(f.dir, f.diag, &c), 0);
        cr_expect_eq(c.hold_max_ms, 2U);
        cr_expect_eq(c.scan_timeout_sec, 9U);
        cr_expect_null(c.jurisdiction, "an empty value takes it back");
        cr_expect_eq(c.mode, POLICY_MODE_ENFORCE);
        config_done(&c);
        fixture_end(&f);
}

static void expect_messages(const char *text, int result, DiagLevel level, const char *wanted)
{
        _cleanup_free_ char *found = NULL;
        Fixture f;
        Config c = {};

        fixture_begin(&f);
        put(f.dir, ETC, "aiguard.conf", text);
        cr_expect_eq(config_load(f.dir, f.diag, &c), result, "%s", text);
        found = fixture_messages(f.diag, level);
        cr_expect_str_eq(found, wanted, "\n%s\ngave\n%swanted\n%s", text, found, wanted);
        config_done(&c);
        fixture_end(&f);
}

Test(config, errors)
{
        const int bad = -EBADMSG;

        expect_messages("[Host]\nMode=enfroce\n", bad, DIAG_ERROR,
                        "2:1: Mode= must be audit or enforce, not \"enfroce\"\n");
        expect_messages("[Host]\nMode=\n", bad, DIAG_ERROR,
                        "2:1: Mode= must be audit or enforce, not \"\"\n");
        expect_messages("[Daemon]\nHoldMaxMs=0\nScanTimeoutSec=601\nScannerDelaySec=-1\nBackend="
                        "ebpf\nLogLevel=loud\n",
                        bad, DIAG_ERROR,
                        "2:1: HoldMaxMs= must be milliseconds from 1 to 200, not \"0\"\n"
                        "3:1: ScanTimeoutSec= must be seconds from 1 to 600, not \"601\"\n"
                        "4:1: ScannerDelaySec= must be seconds from 0 to 60, not \"-1\"\n"
                        "5:1: Backend= must be auto, lsm, fanotify or observe, not \"ebpf\"\n"
                        "6:1: LogLevel= must be emerg, alert, crit, err, warning, notice, info or debug, "
                        "not \"loud\"\n");
        expect_messages("Mode=audit\n", bad, DIAG_ERROR, "1:1: before the first [Section]: Mode\n");
        expect_messages("[Host\n", bad, DIAG_ERROR, "1:1: not a section header: [Host\n");
        expect_messages("[Host]\nenforce\n", bad, DIAG_ERROR,
                        "2:1: neither [Section] nor Key=value: enforce\n");
        expect_messages("[Host]\nJurisdiction=../x\n", bad, DIAG_ERROR,
                        "2:1: Jurisdiction= must be names such as kz or eu, with blanks between, not "
                        "\"../x\"\n");
        expect_messages("[Host]\nMode=\xff\n", bad, DIAG_ERROR, "0:0: not valid UTF-8 text\n");
}

Test(config, unknown_words_are_warnings)
{
        expect_messages("[Host]\nMoed=enforce\n", 0, DIAG_WARNING,
                        "2:1: unknown key Moed= in [Host] (did you mean \"Mode\"?)\n");
        expect_messages("[Demon]\nHoldMaxMs=3\n", 0, DIAG_WARNING,
                        "1:1: unknown section [Demon] (did you mean \"Daemon\"?)\n");
}

Test(config, kernel_command_line)
{
        cr_expect_eq(config_cmdline_mode(""), CONFIG_CMDLINE_NONE);
        cr_expect_eq(config_cmdline_mode("quiet root=/dev/vda1\n"), CONFIG_CMDLINE_NONE);
        cr_expect_eq(config_cmdline_mode("quiet aiguard.mode=audit ro\n"), CONFIG_CMDLINE_AUDIT);
        cr_expect_eq(config_cmdline_mode("aiguard.mode=enforce"), CONFIG_CMDLINE_ENFORCE);
        cr_expect_eq(config_cmdline_mode("aiguard.mode=off\n"), CONFIG_CMDLINE_OFF);
        cr_expect_eq(config_cmdline_mode("aiguard.mode=enforce aiguard.mode=audit"), CONFIG_CMDLINE_AUDIT);
        cr_expect_eq(config_cmdline_mode("aiguard.mode=audits"), CONFIG_CMDLINE_NONE);
        cr_expect_eq(config_cmdline_mode("aiguard.mode="), CONFIG_CMDLINE_NONE);
        cr_expect_eq(config_cmdline_mode("xaiguard.mode=off"), CONFIG_CMDLINE_NONE);
        cr_expect_eq(config_cmdline_mode("aiguard.mode=au"), CONFIG_CMDLINE_NONE);
}

Test(config, command_line_is_over_the_file)
{
        Config c = { .mode = POLICY_MODE_ENFORCE, .mode_reason = "aiguard.conf" };

        config_apply_cmdline(&c, CONFIG_CMDLINE_NONE);
        cr_expect_eq(c.mode, POLICY_MODE_ENFORCE);
        cr_expect_str_eq(c.mode_reason, "aiguard.conf");
        config_apply_cmdline(&c, CONFIG_CMDLINE_AUDIT);
        cr_expect_eq(c.mode, POLICY_MODE_AUDIT);
        cr_expect_str_eq(c.mode_reason, "kernel command line");
        cr_expect_not(c.off);
        config_apply_cmdline(&c, CONFIG_CMDLINE_ENFORCE);
        cr_expect_eq(c.mode, POLICY_MODE_ENFORCE);
        config_apply_cmdline(&c, CONFIG_CMDLINE_OFF);
        cr_expect(c.off);
        cr_expect_eq(c.mode, POLICY_MODE_AUDIT);
}
